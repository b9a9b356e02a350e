#include "reports/compare/metric_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>
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

constexpr double kTwoSidedAlpha = 0.05, kPower = 0.8;

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

/// Where hardly a unit is discordant its normal approximation is too hopeful: five lost ones make p < 5 %,
/// and to lose so many with 80 % chance more must be expected. 0 where not even losing all would show.
double detectable_share(const ErrorLevel& level) {
  constexpr double kFewest = 5, kExpected = kFewest + 0.8416 * 2.2361;  // Poisson: 5 + z(0.8) sqrt(5)
  const double detectable = std::max(detectable_difference(level.standard_error, kTwoSidedAlpha, 2),
                                     kExpected / static_cast<double>(level.n));
  return detectable <= 1 ? detectable : 0;
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
  level.n = paired.n();
  level.least_p = std::exp2(-static_cast<double>(level.n + 1));
  level.detectable = detectable_share(level);
  return level;
}

/// A median jumps: no normal distribution is near its difference. How often is it as large when each unit's
/// two values change sides at random?
void set_swap_tests(const std::vector<Pair>& pairs, const std::vector<uint32_t>& kept, double difference,
                    Direction direction, ErrorLevel& level) {
  constexpr int kSwaps = 1999;
  std::mt19937_64 random(0);
  const size_t units = table_of(*pairs[0].run_a, *pairs[0].a)->ids.size();
  std::vector<std::pair<OutcomeTable, OutcomeTable>> tables;
  for (const Pair& pair : pairs)
    tables.emplace_back(*table_of(*pair.run_a, *pair.a), *table_of(*pair.run_b, *pair.b));
  int higher = 1, lower = 1, farther = 1;  // the sample itself is one of them
  for (int swap = 0; swap < kSwaps; ++swap) {
    std::vector<bool> swapped(units);
    for (size_t i = 0; i < units; ++i) swapped[i] = (random() >> 63) != 0;
    double sum = 0;
    for (size_t s = 0; s < pairs.size(); ++s) {
      std::vector<double>&a = tables[s].first.columns.at(pairs[s].a->column),
      &b = tables[s].second.columns.at(pairs[s].b->column);
      for (size_t i = 0; i < units; ++i) {
        if (swapped[i]) std::swap(a[i], b[i]);
      }
      sum += aggregate_outcomes(*pairs[s].b, tables[s].second, kept) -
             aggregate_outcomes(*pairs[s].a, tables[s].first, kept);
    }
    const double drawn = sum / static_cast<double>(pairs.size());
    higher += drawn >= difference;
    lower += drawn <= difference;
    farther += std::abs(drawn) >= std::abs(difference);
  }
  const auto share = [](int count) { return static_cast<double>(count) / (kSwaps + 1); };
  const bool lower_is_better = direction == Direction::lower_is_better;
  level.p = share(farther);
  level.p_loss = share(lower_is_better ? higher : lower);
  level.p_gain = share(lower_is_better ? lower : higher);
  level.least_p = share(1);
}

std::optional<ErrorLevel> bootstrap_level(const std::vector<Pair>& pairs, const std::vector<uint32_t>& kept,
                                          double difference, Direction direction) {
  std::vector<size_t> rows;
  const size_t total = table_of(*pairs[0].run_a, *pairs[0].a)->ids.size();
  for (size_t i = 0; i < total; ++i) {
    if (kept.empty() || kept[i] != 0) rows.push_back(i);
  }
  if (rows.size() < 2) return std::nullopt;  // one unit has no spread
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
  if (find_metric_kind(pairs[0].a->name).aggregate == Aggregate::median) {
    level.method += ", p by swapping pairs at random";
    set_swap_tests(pairs, kept, difference, direction, level);
  } else {
    level.method += ", p by Student's t on its error";
    set_tests(difference, direction, level);
  }
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

/// Orders of two samples without ties: the least one-sided p of an exact test is one of them.
double orders(size_t a, size_t b) {
  double count = 1;
  for (size_t i = 1; i <= a; ++i) count *= static_cast<double>(b + i) / static_cast<double>(i);
  return count;
}

/// Timed blocks that were taken in turns. The difference is the Hodges-Lehmann shift, as its interval is.
ErrorLevel timed_level(const Pair& pair, MetricComparison& result) {
  const std::vector<double>&a = pair.a->repetitions->values, &b = pair.b->repetitions->values;
  const MannWhitney test = mann_whitney(a, b);
  const ShiftEstimate shift = hodges_lehmann(a, b);
  result.difference = shift.shift;
  ErrorLevel level;
  level.method = fmt::format("Mann-Whitney test and Hodges-Lehmann shift over {} and {} {}s", a.size(),
                             b.size(), pair.a->repetitions->unit);
  level.interval = shift.interval;
  level.standard_error = half_width(shift.interval) / normal_quantile(1 - kTwoSidedAlpha / 2);
  level.p = test.p;
  const bool worse = result.direction == Direction::lower_is_better ? shift.shift > 0 : shift.shift < 0;
  level.p_loss = worse ? test.p / 2 : 1 - test.p / 2;
  level.p_gain = worse ? 1 - test.p / 2 : test.p / 2;
  level.n = static_cast<int64_t>(std::min(a.size(), b.size()));
  level.least_p = 1 / orders(a.size(), b.size());
  if (2 * level.least_p < kTwoSidedAlpha) {
    level.detectable = detectable_difference(level.standard_error, kTwoSidedAlpha, 2);
  } else {
    result.notes.push_back(fmt::format(
        "so few blocks show nothing at 5 %: the interval is the range of their differences ({:.0f} %)",
        100 * (1 - 2 * level.least_p)));
  }
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
  level.detectable = test.standard_error * (student_t_quantile(1 - kTwoSidedAlpha / 2, test.n - 1) +
                                            student_t_quantile(kPower, test.n - 1));
  return level;
}

std::optional<ErrorLevel> unit_level(const std::vector<Pair>& pairs, const std::vector<int64_t>& classes,
                                     MetricComparison& result) {
  const MetricKind& kind = find_metric_kind(result.name);
  const Pair& first = pairs[0];
  if (kind.aggregate == Aggregate::none && first.a->repetitions && first.b->repetitions)
    return timed_level(first, result);
  if (kind.aggregate != Aggregate::none && have_outcomes_of_the_same_units(pairs)) {
    const OutcomeTable& table = *table_of(*first.run_a, *first.a);
    const std::vector<uint32_t> kept = rows_with(table, classes);
    const bool proportions = pairs.size() == 1 && !successes(*first.a, table).empty() &&
                             !successes(*first.b, *table_of(*first.run_b, *first.b)).empty();
    if (proportions) return proportions_level(first, kept);
    return bootstrap_level(pairs, kept, result.difference, result.direction);
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
