#include "reports/compare/metric_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <span>

#include "reports/axes.h"
#include "reports/metric_kinds.h"
#include "reports/statistics/bootstrap.h"
#include "reports/statistics/intervals.h"
#include "reports/statistics/normal.h"
#include "reports/statistics/paired.h"
#include "reports/statistics/power.h"
#include "reports/statistics/rank_tests.h"

namespace repbench {
namespace {

constexpr double kTwoSidedAlpha = 0.05;

/// The same metric of a run on each side.
struct Pair {
  const Run* run_a;
  const Run* run_b;
  const Metric* a;
  const Metric* b;
};

double half_width(const Interval& interval) { return (interval.high - interval.low) / 2; }

const OutcomeTable* table_of(const Run& run, const Metric& metric) {
  if (!run.record.outcomes || metric.column.empty()) return nullptr;
  return run.record.outcomes->table_of(metric.column);
}

/// One run on each side is one pair; several are paired by their seeds.
std::vector<Pair> paired_runs(const std::string& name, const ReportCell& a, const ReportCell& b,
                              MetricComparison& result) {
  std::vector<Pair> pairs;
  const bool single = a.runs.size() == 1 && b.runs.size() == 1;
  for (const Run& left : a.runs) {
    for (const Run& right : b.runs) {
      if (!single && seed_of(left.record) != seed_of(right.record)) continue;
      const Metric *in_a = left.record.find(name), *in_b = right.record.find(name);
      if (in_a != nullptr && in_b != nullptr) pairs.push_back({&left, &right, in_a, in_b});
    }
  }
  const size_t left_out = a.runs.size() + b.runs.size() - 2 * pairs.size();
  if (left_out > 0 && !pairs.empty())
    result.notes.push_back(fmt::format("{} runs left out: their seeds are on one side only", left_out));
  return pairs;
}

/// The rows that count, as multiplicities; empty: all.
std::vector<uint32_t> rows_with(const OutcomeTable& table, const std::vector<int64_t>& classes) {
  std::vector<uint32_t> counts;
  if (classes.empty()) return counts;
  for (const int64_t label : table.labels)
    counts.push_back(std::find(classes.begin(), classes.end(), label) != classes.end() ? 1 : 0);
  return counts;
}

bool have_outcomes_of_the_same_units(const std::vector<Pair>& pairs) {
  const OutcomeTable* first = table_of(*pairs[0].run_a, *pairs[0].a);
  return std::all_of(pairs.begin(), pairs.end(), [&](const Pair& pair) {
    const OutcomeTable *a = table_of(*pair.run_a, *pair.a), *b = table_of(*pair.run_b, *pair.b);
    return a != nullptr && b != nullptr && a->ids == first->ids && b->ids == first->ids &&
           a->labels == first->labels && b->labels == first->labels;
  });
}

/// Student's test of a mean difference of `level.n` units (0: very many). Where all of them say the same,
/// that is as unlikely as their signs.
void set_tests(double difference, Direction direction, ErrorLevel& level) {
  const double loss = direction == Direction::lower_is_better ? difference : -difference;
  double unlikely = 0.5;
  if (level.standard_error > 0) {
    const double z = std::abs(loss) / level.standard_error;
    unlikely = level.n > 1 ? student_t_tail(z, static_cast<double>(level.n - 1)) : normal_tail(z);
  } else if (loss != 0) {
    unlikely = std::pow(0.5, static_cast<double>(level.n));
  }
  level.p_loss = loss >= 0 ? unlikely : 1 - unlikely;
  level.p_gain = 1 - level.p_loss;
  level.p = std::min(1.0, 2 * unlikely);
}

/// Shares of the same units: proportions, exactly.
ErrorLevel proportions_level(const Pair& pair, const std::vector<uint32_t>& counts) {
  std::vector<uint8_t> a = successes(*pair.a, *table_of(*pair.run_a, *pair.a)),
                       b = successes(*pair.b, *table_of(*pair.run_b, *pair.b));
  const auto keep = [&](std::vector<uint8_t>& values) {
    size_t kept = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      if (counts[i] != 0) values[kept++] = values[i];
    }
    values.resize(kept);
  };
  if (!counts.empty()) {
    keep(a);
    keep(b);
  }
  const PairedCounts paired = paired_counts(a, b);
  ErrorLevel level;
  level.method = fmt::format("Tango's score interval and exact McNemar test (mid-p) on {} {}s, {} discordant",
                             paired.n(), table_of(*pair.run_a, *pair.a)->unit, paired.only_a + paired.only_b);
  level.interval = tango_interval(paired);
  level.standard_error = half_width(level.interval) / normal_quantile(1 - kTwoSidedAlpha / 2);
  level.p = mcnemar_mid_p(paired.only_a, paired.only_b);
  level.p_loss = mcnemar_mid_p_loss(paired.only_a, paired.only_b);
  level.p_gain = mcnemar_mid_p_loss(paired.only_b, paired.only_a);
  level.detectable = detectable_difference(level.standard_error, kTwoSidedAlpha, 2);
  level.n = paired.n();
  return level;
}

ErrorLevel bootstrap_level(const std::vector<Pair>& pairs, const std::vector<uint32_t>& kept,
                           double difference, Direction direction) {
  std::vector<size_t> rows;
  const size_t total = table_of(*pairs[0].run_a, *pairs[0].a)->ids.size();
  for (size_t i = 0; i < total; ++i) {
    if (kept.empty() || kept[i] != 0) rows.push_back(i);
  }
  std::vector<uint32_t> counts(total, 0);
  const auto statistic = [&](std::span<const uint32_t> drawn) {
    for (size_t i = 0; i < rows.size(); ++i) counts[rows[i]] = drawn[i];
    double sum = 0;
    for (const Pair& pair : pairs) {
      sum += aggregate_outcomes(*pair.b, *table_of(*pair.run_b, *pair.b), counts) -
             aggregate_outcomes(*pair.a, *table_of(*pair.run_a, *pair.a), counts);
    }
    return sum / static_cast<double>(pairs.size());
  };
  const BootstrapOptions options;
  const BootstrapResult result = bootstrap(static_cast<int64_t>(rows.size()), statistic, options);
  ErrorLevel level;
  level.method = fmt::format("paired bootstrap (BCa, {} resamples) over {} {}s", options.resamples,
                             rows.size(), table_of(*pairs[0].run_a, *pairs[0].a)->unit);
  if (pairs.size() > 1) level.method += fmt::format(", means over {} seeds", pairs.size());
  level.interval = result.interval;
  constexpr double kRounding = 1e-12;
  level.standard_error = result.standard_error > kRounding * std::abs(difference) ? result.standard_error : 0;
  level.n = static_cast<int64_t>(rows.size());
  level.detectable = detectable_difference(level.standard_error, kTwoSidedAlpha, 2);
  set_tests(difference, direction, level);
  return level;
}

/// Where no outcomes can be paired: both standard errors, as if the test sets were independent.
std::optional<ErrorLevel> unpaired_level(const std::vector<Pair>& pairs, double difference,
                                         Direction direction) {
  double variance = 0;
  int64_t n = 0;
  for (const Pair& pair : pairs) {
    if (!pair.a->standard_error || !pair.b->standard_error) return std::nullopt;
    variance +=
        *pair.a->standard_error * *pair.a->standard_error + *pair.b->standard_error * *pair.b->standard_error;
    n = std::min(pair.a->n.value_or(0), pair.b->n.value_or(0));
  }
  ErrorLevel level;
  level.method = "unpaired, from both standard errors";
  level.standard_error = std::sqrt(variance) / static_cast<double>(pairs.size());
  const double half = normal_quantile(1 - kTwoSidedAlpha / 2) * level.standard_error;
  level.interval = {difference - half, difference + half};
  level.n = n;
  level.detectable = detectable_difference(level.standard_error, kTwoSidedAlpha, 2);
  set_tests(difference, direction, level);
  return level;
}

/// Timed blocks that were taken in turns.
ErrorLevel timed_level(const Pair& pair, Direction direction) {
  const std::vector<double>&a = pair.a->repetitions->values, &b = pair.b->repetitions->values;
  const MannWhitney test = mann_whitney(a, b);
  const ShiftEstimate shift = hodges_lehmann(a, b);
  ErrorLevel level;
  level.method = fmt::format("Mann-Whitney test and Hodges-Lehmann interval over {} and {} {}s", a.size(),
                             b.size(), pair.a->repetitions->unit);
  level.interval = shift.interval;
  level.standard_error = half_width(shift.interval) / normal_quantile(1 - kTwoSidedAlpha / 2);
  level.p = test.p;
  const bool worse = direction == Direction::lower_is_better ? shift.shift > 0 : shift.shift < 0;
  level.p_loss = worse ? test.p / 2 : 1 - test.p / 2;
  level.p_gain = worse ? 1 - test.p / 2 : test.p / 2;
  level.detectable = detectable_difference(level.standard_error, kTwoSidedAlpha, 2);
  level.n = static_cast<int64_t>(std::min(a.size(), b.size()));
  return level;
}

/// Over seeds of pretraining, else over the draws within one run.
std::optional<ErrorLevel> seed_level(const std::vector<Pair>& pairs, Direction direction) {
  std::vector<double> differences;
  std::string unit = "seed";
  if (pairs.size() > 1) {
    for (const Pair& pair : pairs) differences.push_back(pair.b->value - pair.a->value);
  } else if (pairs[0].a->repetitions && pairs[0].b->repetitions &&
             pairs[0].a->repetitions->values.size() == pairs[0].b->repetitions->values.size()) {
    unit = pairs[0].a->repetitions->unit;
    for (size_t i = 0; i < pairs[0].a->repetitions->values.size(); ++i)
      differences.push_back(pairs[0].b->repetitions->values[i] - pairs[0].a->repetitions->values[i]);
  }
  if (differences.size() < 2) return std::nullopt;
  const PairedT test = paired_t(differences);
  ErrorLevel level;
  level.method = fmt::format("paired t over {} {}s", differences.size(), unit);
  level.interval = test.interval;
  level.standard_error = test.standard_error;
  level.n = test.n;
  set_tests(test.mean, direction, level);
  level.detectable = detectable_difference(test.standard_error, kTwoSidedAlpha, 2);
  return level;
}

std::optional<ErrorLevel> unit_level(const std::vector<Pair>& pairs, const std::vector<int64_t>& classes,
                                     MetricComparison& result) {
  const MetricKind& kind = find_metric_kind(result.name);
  const Pair& first = pairs[0];
  if (kind.aggregate == Aggregate::none && first.a->repetitions && first.b->repetitions)
    return timed_level(first, result.direction);
  if (kind.aggregate != Aggregate::none && have_outcomes_of_the_same_units(pairs)) {
    const OutcomeTable& table = *table_of(*first.run_a, *first.a);
    const std::vector<uint32_t> kept = rows_with(table, classes);
    const bool proportions = pairs.size() == 1 && !successes(*first.a, table).empty() &&
                             !successes(*first.b, *table_of(*first.run_b, *first.b)).empty();
    return proportions ? proportions_level(first, kept)
                       : bootstrap_level(pairs, kept, result.difference, result.direction);
  }
  result.notes.emplace_back("unpaired: there are no outcomes of the same units on both sides");
  return unpaired_level(pairs, result.difference, result.direction);
}

/// The metric over all rows, or over those of some classes; nothing if there are none.
std::optional<double> value_of(const Run& run, const Metric& metric, const std::vector<int64_t>& classes) {
  if (classes.empty()) return metric.value;
  const OutcomeTable* table = table_of(run, metric);
  if (table == nullptr) return std::nullopt;
  const std::vector<uint32_t> counts = rows_with(*table, classes);
  if (std::accumulate(counts.begin(), counts.end(), uint64_t{0}) == 0) return std::nullopt;
  return aggregate_outcomes(metric, *table, counts);
}

void note_saturation(const std::vector<Pair>& pairs, MetricComparison& result) {
  const bool saturated = std::any_of(pairs.begin(), pairs.end(), [](const Pair& pair) {
    return is_saturated(*pair.a) || is_saturated(*pair.b);
  });
  if (saturated)
    result.notes.emplace_back("saturated: within 2 % of the ceiling, where differences say little");
}

}  // namespace

double MetricComparison::loss() const {
  if (direction == Direction::neither) return 0;
  return direction == Direction::lower_is_better ? difference : -difference;
}

MetricComparison compare_metric(const std::string& name, const ReportCell& a, const ReportCell& b,
                                const std::vector<int64_t>& classes) {
  MetricComparison result;
  result.name = name;
  const std::vector<Pair> pairs = paired_runs(name, a, b, result);
  if (pairs.empty()) {
    const auto has = [&](const ReportCell& cell) {
      return std::any_of(cell.runs.begin(), cell.runs.end(),
                         [&](const Run& run) { return run.record.find(name) != nullptr; });
    };
    result.not_comparable = !has(b) ? "only in A" : !has(a) ? "only in B" : "no seed is on both sides";
    return result;
  }
  result.unit = pairs[0].a->unit;
  result.direction = pairs[0].a->direction;
  result.headline = pairs[0].a->headline;
  for (const Pair& pair : pairs) {
    if (pair.a->version != pair.b->version) {
      result.not_comparable =
          fmt::format("metrics.{}.version: {} and {}", name, pair.a->version, pair.b->version);
      return result;
    }
    const auto left = value_of(*pair.run_a, *pair.a, classes),
               right = value_of(*pair.run_b, *pair.b, classes);
    if (!left || !right) {
      result.not_comparable = "no outcomes of these classes";
      return result;
    }
    result.a += *left / static_cast<double>(pairs.size());
    result.b += *right / static_cast<double>(pairs.size());
  }
  result.difference = result.b - result.a;
  result.units = unit_level(pairs, classes, result);
  if (classes.empty()) result.seeds = seed_level(pairs, result.direction);
  note_saturation(pairs, result);
  return result;
}

void load_outcomes(ReportCell& cell) {
  for (Run& run : cell.runs) {
    if (!run.record.outcomes) run.record.outcomes = read_outcomes(run.file, run.record);
  }
}

}  // namespace repbench
