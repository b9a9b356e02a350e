#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "reports/compare/metric_comparison.h"

// The difference of one metric with its error, level by level: what compare_metric is put together from.

namespace repbench {

/// The same metric of a run on each side.
struct RunPair {
  const Run* run_a;
  const Run* run_b;
  const Metric* a;
  const Metric* b;
};

/// What the metric is computed from; null if it is of no outcomes, or they are not there.
const OutcomeTable* table_of(const Run& run, const Metric& metric);

// `kept`: the rows that count, as multiplicities of 0 and 1; empty: all. The first three ask for outcomes of
// the same units in all runs.

/// Shares of the same units: Tango's score interval and the exact McNemar test (mid-p).
ErrorLevel proportions_level(const RunPair& pair, const std::vector<uint32_t>& kept);

/// Any other metric, and means over seeds: a paired bootstrap over units, or over groups of them. Nothing for
/// fewer than two.
std::optional<ErrorLevel> bootstrap_level(const std::vector<RunPair>& pairs,
                                          const std::vector<uint32_t>& kept, double difference,
                                          Direction direction);

/// Where no outcomes can be paired: both standard errors, as if the test sets were independent.
std::optional<ErrorLevel> unpaired_level(const std::vector<RunPair>& pairs, double difference,
                                         Direction direction);

/// Timed blocks that were taken in turns: Mann-Whitney, and the Hodges-Lehmann shift, which becomes the
/// result's difference.
ErrorLevel timed_level(const RunPair& pair, MetricComparison& result);

/// Over seeds of pretraining, else over the draws within one run: paired t. Nothing for fewer than two.
std::optional<ErrorLevel> seed_level(const std::vector<RunPair>& pairs, Direction direction);

}  // namespace repbench
