#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/compare/comparison.h"
#include "reports/compare/policy.h"
#include "reports/compare/verdict.h"

namespace repbench {

/// A metric of a cell that the gate looks at.
struct GateRow {
  std::string encoder;  // "A → B" where they are named differently
  std::string dataset, protocol;
  std::string variant;     // "k=20" where the baseline has this protocol on this data set in several ways
  std::string class_name;  // "" for the whole test set
  MetricComparison metric;
  double margin = 0;
  std::string margin_key;               // of the policy that it comes from
  std::vector<FieldDifference> fields;  // allowed ones mark the numbers; others are why there are none
  std::vector<std::string> notes;
  Judgement judgement;

  bool is_marked() const;  // compared in spite of fields that differ
};

/// Corrected as one. `slice` is "" for the run itself.
struct GateFamily {
  std::string slice;
  double alpha = 0;
  std::vector<GateRow> rows;
};

struct GateResult {
  std::string baseline, candidate;
  GatePolicy policy;
  GateFamily whole;
  std::vector<GateFamily> slices;
  std::vector<GateRow> shown;  // compared, but without a direction: never gated
  std::vector<GateRow> added;  // what only the candidate has
};

/// Judges what the policy gates. Throws std::invalid_argument naming the policy's file and key where it names
/// a metric, margin or class that these reports do not have, or one margin for metrics of several units; and
/// what compare_sides throws.
GateResult gate(const Side& baseline, const Side& candidate, const GatePolicy& policy);

/// How many rows, slices included, have this verdict.
size_t count(const GateResult& result, Verdict verdict);

/// 1 if anything regressed, the slices included; 3 if anything is inconclusive, not comparable or missing, or
/// if nothing was gated at all; else 0.
int exit_code(const GateResult& result);

}  // namespace repbench
