#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "reports/record.h"
#include "reports/statistics/bootstrap.h"

// What every metric means. A report may hold no other: an unknown name is an error, wherever it is met.

namespace repbench {

/// How a metric is computed from its column of outcomes.
enum class Aggregate {
  none,            // it is not: a time, or of outcomes that are not kept
  mean,            // of the column
  mean_per_class,  // mean over the classes that are present of the mean within each
  median,
  share_at_most,  // share of rows whose value is at most the number in the metric's name
  // Of rows that are pictures under a class each: the column holds the scores, beside it `relevant` (0 or 1),
  // and the label is the class (reports/statistics/ranking.h).
  mean_average_precision,
  mean_average_precision_11_point,
  roc_auc,
  // The column holds the confidence of predictions, beside it `correct`
  // (reports/statistics/calibration_error.h).
  calibration_error,
  calibration_error_equal_mass,
};

struct MetricKind {
  std::string_view name;  // {} stands for a number or a word: "accuracy_{}_shot"
  std::string_view definition;
  int version;            // raised when the definition changes
  std::string_view unit;  // "" for a share in [0, 1]
  Direction direction;
  bool may_lead;                  // may be a protocol's headline
  std::string_view chance;        // what guessing scores, in words; "" if it has no meaning
  std::optional<double> ceiling;  // the best possible
  std::string_view denominator;   // what is counted in `n`
  int64_t fewest;                 // of them: fewer are refused
  Aggregate aggregate;
};
std::span<const MetricKind> metric_kinds();

/// Throws std::invalid_argument "[WHERE]: ..." naming the nearest kind.
const MetricKind& find_metric_kind(std::string_view metric_name, std::string_view where = "[metrics]");

/// Throws std::invalid_argument "[WHERE]: metric NAME: expected ...; got ..." if unit, direction, ceiling, n
/// or the headline flag are not those of its kind.
void check_metric(const Metric& metric, std::string_view where);

/// The metric's value over a sample in which row i of its table occurs `counts[i]` times (empty: once each).
/// The kind must have an aggregate. Throws std::invalid_argument for an empty sample and where a column is
/// missing beside the metric's own.
double aggregate_outcomes(const Metric& metric, const OutcomeTable& table,
                          std::span<const uint32_t> counts = {});

/// The same as a function of the counts, for many samples of one table: what has to be sorted is sorted once.
/// Both must outlive it.
ResampledStatistic outcomes_statistic(const Metric& metric, const OutcomeTable& table);

/// 0 or 1 a row where the metric is a share of rows that succeed, so that it can be tested by proportions;
/// else empty.
std::vector<uint8_t> successes(const Metric& metric, const OutcomeTable& table);

/// Has the score come so close to its ceiling that differences above say little? At least 98 % of the way
/// from chance (or 0).
bool is_saturated(const Metric& metric);

}  // namespace repbench
