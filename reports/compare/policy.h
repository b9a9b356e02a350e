#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "files/json.h"

// What a gate asks of a candidate: a built-in rule, or a file with margins and slices of one's own.

namespace repbench {

enum class GateRule {
  detect,          // a regression is a loss that a corrected one-sided test shows and that exceeds the margin
  noninferiority,  // to pass, the paired 95 % interval must exclude a loss of the margin
};

/// One entry of a slice's `classes`.
struct ClassChoice {
  std::string name;              // "" if a number was given
  std::optional<int64_t> label;  // the number
  std::string key;               // "slices[0].classes[1]", for errors
};

/// A part that is gated apart: its metrics are one Holm family.
struct SlicePolicy {
  std::string name;
  std::string dataset = "*", protocol = "*";  // "*": any
  bool each_class = false;                    // every class with examples, a row each
  std::vector<ClassChoice> classes;           // these alone, a row each; empty: whole test sets
  std::optional<double> margin;               // in the unit of its metrics, which must be one
  std::optional<double> alpha;
  std::string key;  // "slices[0]"

  bool matches(std::string_view dataset_name, std::string_view protocol_name) const;
  bool by_class() const { return each_class || !classes.empty(); }
};

struct GatePolicy {
  std::string source;  // the file; "" for a built-in rule
  GateRule rule = GateRule::detect;
  double alpha = 0.01;    // of all false regressions of a family together; `detect` alone
  double margin = 0.005;  // of shares that have no margin of their own; other metrics: 0
  /// By "metric", "dataset/protocol" or "dataset/protocol/metric", in the metric's own unit.
  std::map<std::string, double> margins;
  bool all_metrics = false;          // else the headlines, or those of `metrics`
  std::vector<std::string> metrics;  // names; empty: none were given
  std::vector<SlicePolicy> slices;
  std::vector<std::string> allowed;  // fields that may differ
};

/// "detect", "noninferiority", or a JSON file (comments allowed) with the keys policy, alpha, margin,
/// margins, metrics, slices and allow, all optional. Throws std::invalid_argument "[gate] FILE: expected ...;
/// got ..." for an unknown key (naming the nearest), for numbers out of range and for a name that is neither.
GatePolicy read_policy(const std::string& name_or_file);

/// Where a margin comes from: the most specific key of `margins` that fits, else "margin" for a share, else
/// "".
struct Margin {
  double value = 0;
  std::string key;
};
Margin margin_of(const GatePolicy& policy, const std::string& dataset, const std::string& protocol,
                 const std::string& metric, std::string_view unit);

/// "[gate] FILE", or "[gate]" for a built-in rule.
std::string where(const GatePolicy& policy);

std::string_view name_of(GateRule rule);
Json to_json(const GatePolicy& policy);

}  // namespace repbench
