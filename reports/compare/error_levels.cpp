#include "reports/compare/error_levels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <span>
#include <string>
#include <utility>

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

double half_width(const Interval& interval) { return (interval.high - interval.low) / 2; }

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

/// Where hardly a unit is discordant the normal approximation is too hopeful: a few must be lost to show at
/// all. 0 where not even losing all would show.
double detectable_share(const ErrorLevel& level) {
  const double detectable =
      std::max(detectable_difference(level.standard_error, kTwoSidedAlpha, 2),
               expected_lost(kTwoSidedAlpha / 2, kPower) / static_cast<double>(level.n));
  return detectable <= 1 ? detectable : 0;
}

/// Rows that are drawn together, those alone that count.
struct Draws {
  std::vector<std::vector<size_t>> rows;  // of each draw
  std::string unit;                       // "picture", "group of texts"
};

Draws draws_of(const OutcomeTable& table, const std::vector<uint32_t>& kept) {
  Draws draws{{}, table.groups.empty() ? table.unit : "group of " + table.unit + "s"};
  std::vector<size_t> place(table.ids.size(), table.ids.size());
  for (size_t i = 0; i < table.ids.size(); ++i) {
    if (!kept.empty() && kept[i] == 0) continue;
    size_t& own = place[table.groups.empty() ? i : static_cast<size_t>(table.groups[i])];
    if (own == table.ids.size()) {
      own = draws.rows.size();
      draws.rows.emplace_back();
    }
    draws.rows[own].push_back(i);
  }
  return draws;
}

/// A median jumps: no normal distribution is near its difference. How often is it as large when each draw's
/// values change sides at random?
void set_swap_tests(const std::vector<RunPair>& pairs, const std::vector<uint32_t>& kept, const Draws& draws,
                    double difference, Direction direction, ErrorLevel& level) {
  constexpr int kSwaps = 1999;
  std::mt19937_64 random(0);
  std::vector<std::pair<OutcomeTable, OutcomeTable>> tables;
  for (const RunPair& pair : pairs)
    tables.emplace_back(*table_of(*pair.run_a, *pair.a), *table_of(*pair.run_b, *pair.b));
  int higher = 1, lower = 1, farther = 1;  // the sample itself is one of them
  for (int swap = 0; swap < kSwaps; ++swap) {
    for (const std::vector<size_t>& rows : draws.rows) {
      if ((random() >> 63) == 0) continue;
      for (size_t s = 0; s < pairs.size(); ++s) {
        for (const size_t row : rows) {
          std::swap(tables[s].first.columns.at(pairs[s].a->column)[row],
                    tables[s].second.columns.at(pairs[s].b->column)[row]);
        }
      }
    }
    double sum = 0;
    for (size_t s = 0; s < pairs.size(); ++s) {
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

BootstrapResult bootstrap_difference(const std::vector<RunPair>& pairs, const Draws& draws) {
  std::vector<uint32_t> counts(table_of(*pairs[0].run_a, *pairs[0].a)->ids.size(), 0);
  std::vector<std::pair<ResampledStatistic, ResampledStatistic>> metrics;
  for (const RunPair& pair : pairs)
    metrics.emplace_back(outcomes_statistic(*pair.a, *table_of(*pair.run_a, *pair.a)),
                         outcomes_statistic(*pair.b, *table_of(*pair.run_b, *pair.b)));
  const auto statistic = [&](std::span<const uint32_t> drawn) {
    for (size_t draw = 0; draw < draws.rows.size(); ++draw) {
      for (const size_t row : draws.rows[draw]) counts[row] = drawn[draw];
    }
    double sum = 0;
    for (const auto& [a, b] : metrics) sum += b(counts) - a(counts);
    return sum / static_cast<double>(pairs.size());
  };
  return bootstrap(std::ssize(draws.rows), statistic);
}

/// Orders of two samples without ties: the least one-sided p of an exact test is one of them.
double orders(size_t a, size_t b) {
  double count = 1;
  for (size_t i = 1; i <= a; ++i) count *= static_cast<double>(b + i) / static_cast<double>(i);
  return count;
}

}  // namespace

const OutcomeTable* table_of(const Run& run, const Metric& metric) {
  if (!run.record.outcomes || metric.column.empty()) return nullptr;
  return run.record.outcomes->table_of(metric.column);
}

/// Shares of the same units: proportions, exactly.
ErrorLevel proportions_level(const RunPair& pair, const std::vector<uint32_t>& counts) {
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

std::optional<ErrorLevel> bootstrap_level(const std::vector<RunPair>& pairs,
                                          const std::vector<uint32_t>& kept, double difference,
                                          Direction direction) {
  const Draws draws = draws_of(*table_of(*pairs[0].run_a, *pairs[0].a), kept);
  if (draws.rows.size() < 2) return std::nullopt;  // one has no spread
  const BootstrapResult result = bootstrap_difference(pairs, draws);
  ErrorLevel level;
  level.method = fmt::format("paired bootstrap (BCa, {} resamples) over {} {}s", BootstrapOptions().resamples,
                             draws.rows.size(), draws.unit);
  if (pairs.size() > 1) level.method += fmt::format(", means over {} seeds", pairs.size());
  level.interval = result.interval;
  constexpr double kRounding = 1e-12;
  level.standard_error = result.standard_error > kRounding * std::abs(difference) ? result.standard_error : 0;
  level.n = std::ssize(draws.rows);
  level.detectable = detectable_difference(level.standard_error, kTwoSidedAlpha, 2);
  if (find_metric_kind(pairs[0].a->name).aggregate == Aggregate::median) {
    level.method += ", p by swapping pairs at random";
    set_swap_tests(pairs, kept, draws, difference, direction, level);
  } else {
    level.method += ", p by Student's t on its error";
    set_tests(difference, direction, level);
  }
  return level;
}

/// Where no outcomes can be paired: both standard errors, as if the test sets were independent.
std::optional<ErrorLevel> unpaired_level(const std::vector<RunPair>& pairs, double difference,
                                         Direction direction) {
  double variance = 0;
  int64_t n = 0;
  for (const RunPair& pair : pairs) {
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

/// Timed blocks that were taken in turns. The difference is the Hodges-Lehmann shift, as its interval is.
ErrorLevel timed_level(const RunPair& pair, MetricComparison& result) {
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
std::optional<ErrorLevel> seed_level(const std::vector<RunPair>& pairs, Direction direction) {
  std::vector<double> differences;
  std::string unit = "seed";
  if (pairs.size() > 1) {
    for (const RunPair& pair : pairs) differences.push_back(pair.b->value - pair.a->value);
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

}  // namespace repbench
