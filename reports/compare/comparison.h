#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "reports/compare/comparability.h"
#include "reports/compare/metric_comparison.h"
#include "reports/compare/sides.h"
#include "reports/statistics/rank_stability.h"
#include "reports/table.h"

namespace repbench {

enum class Correction { holm, benjamini_hochberg };

struct CompareOptions {
  AllowedFields allowed;
  Correction correction = Correction::holm;
  std::function<bool(const Metric& metric)> wanted = {};  // of A's metrics, and B's own; none given: all
};

/// Two cells that stand for each other.
struct CellComparison {
  std::string encoder_a, encoder_b, dataset, protocol, fingerprint;  // A's fingerprint
  std::string variant;                    // "k=20" where A has this protocol on this data set in several ways
  std::vector<FieldDifference> fields;    // allowed ones mark the numbers, others forbid them
  std::vector<MetricComparison> metrics;  // those wanted, the headline first; empty if not comparable
  std::vector<std::string> notes;

  std::string way() const;  // "linear_probe classifier=ridge": protocol and variant
  bool comparable() const;
};

struct MissingCell {
  std::string encoder, dataset, protocol;
  bool in_a = false;  // there, and missing on the other side
};

/// The mean over comparable headlines that are shares, shown with what it hides. A task is a way to measure
/// on a data set; where several encoders were compared in it, it counts with their mean.
struct AverageDifference {
  int64_t tasks = 0;
  double difference = 0;
  double least = 0, most = 0;  // with one task left out
  std::string least_without, most_without;
  size_t encoders = 0;  // of both sides, judged in all of these tasks
  std::vector<std::string> task_names;
  std::optional<RankStability> stability;  // of their ranking; none for fewer than three encoders
};

struct Comparison {
  std::string a, b;
  std::vector<CellComparison> cells;
  std::vector<MissingCell> missing;
  std::optional<AverageDifference> average;  // of two tasks or more
  Correction correction = Correction::holm;
};

/// Which cells of A and B stand for each other: equal fingerprints, else the nearest of the same protocol and
/// data set (to say what differs). Rows of encoders are paired by name, or as the only ones.
struct CellPair {
  const ReportCell* a = nullptr;
  const ReportCell* b = nullptr;  // one of them may be null: missing
};
std::vector<CellPair> pair_cells(const Side& a, const Side& b);

/// Everything that can be said of B against A. Throws std::invalid_argument naming the nearest field if an
/// allowed name is none. Outcomes are read for one pair of cells at a time; `visit`, if
/// given, sees each comparable pair while they are loaded (the gate's slices).
Comparison compare_sides(
    const Side& a, const Side& b, const CompareOptions& options,
    const std::function<void(const CellComparison&, const ReportCell& a, const ReportCell& b)>& visit = {});

/// The mean over the comparable headlines that are shares; nothing for fewer than two. Encoders of both sides
/// that were judged in all of them are ranked.
std::optional<AverageDifference> average_difference(const Comparison& comparison, const Side& a,
                                                    const Side& b);

/// Tables: differences, what is not comparable, what was allowed, what is missing, the average, remarks.
std::vector<Table> to_tables(const Comparison& comparison);
Json to_json(const Comparison& comparison);

}  // namespace repbench
