#include "reports/compare/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "reports/numbers.h"
#include "reports/statistics/multiplicity.h"
#include "reports/statistics/normal.h"
#include "reports/statistics/power.h"

namespace repbench {
namespace {

constexpr double kPower = 0.8;

/// What the verdict goes by; null if no error is known.
const ErrorLevel* level_of(const MetricComparison& metric) {
  if (metric.units) return &*metric.units;
  return metric.seeds ? &*metric.seeds : nullptr;
}

/// Of the loss: positive is worse.
Interval loss_interval(const MetricComparison& metric, const ErrorLevel& level) {
  if (metric.direction == Direction::lower_is_better) return level.interval;
  return {-level.interval.high, -level.interval.low};
}

/// Not even the worst would show: too few units, or a loss beyond all of a share.
bool is_hopeless(const MetricComparison& metric, const ErrorLevel& level, double alpha) {
  if (level.least_p >= alpha) return true;
  if (!metric.unit.empty()) return false;
  return fewest_lost(alpha) > level.n || detectable_difference(level.standard_error, alpha, 1, kPower) > 1;
}

Judgement undecided(Verdict verdict, std::string reason) {
  return {verdict, std::move(reason), {}, {}, {}, {}};
}

/// What can be said before any test.
std::optional<Judgement> judged_already(const MetricComparison& metric) {
  if (!metric.not_comparable.empty()) return undecided(Verdict::not_comparable, metric.not_comparable);
  if (level_of(metric) == nullptr)
    return undecided(Verdict::inconclusive, "its error is unknown: no outcomes and no standard errors");
  return std::nullopt;
}

/// Where differences round alike, a loss of just the margin is none beyond it.
bool exceeds(double loss, double margin) { return loss > margin * (1 + 1e-9); }

/// What the whole rule finds with 80 % power: the loss seen must pass the test and the margin. `alpha` is
/// that of one of the family's tests.
std::optional<double> smallest_loss(const Judged& judged, const ErrorLevel& level, double alpha) {
  if (level.standard_error == 0) return std::nullopt;  // every unit says the same
  const double threshold = std::max(normal_quantile(1 - alpha) * level.standard_error, judged.margin);
  double smallest = threshold + normal_quantile(kPower) * level.standard_error;
  if (!judged.metric.unit.empty()) return smallest;
  if (level.n > 0) smallest = std::max(smallest, expected_lost(alpha, kPower) / static_cast<double>(level.n));
  return std::min(smallest, 1.0);
}

Judgement detect(const Judged& judged, const ErrorLevel& level, double p_loss, double p_gain, double alpha,
                 size_t family) {
  const MetricComparison& metric = judged.metric;
  const double alpha_each = alpha / static_cast<double>(family);
  Judgement result{Verdict::pass, "", p_loss, p_gain, smallest_loss(judged, level, alpha_each), {}};
  const std::string loss = amount_text(std::abs(metric.loss()), metric.unit),
                    margin = amount_text(judged.margin, metric.unit);
  if (p_loss < alpha && exceeds(metric.loss(), judged.margin)) {
    result.verdict = Verdict::regression;
    result.reason = fmt::format("a loss of {}, beyond the margin of {}; {}", loss, margin, format_p(p_loss));
  } else if (p_gain < alpha && metric.loss() < 0) {
    result.verdict = Verdict::improvement;
    result.reason = fmt::format("a gain of {}; {}", loss, format_p(p_gain));
  } else if (is_hopeless(metric, level, alpha_each)) {
    result.smallest_loss.reset();
    result.verdict = Verdict::inconclusive;
    result.reason = fmt::format("n = {} could not show any loss at alpha = {:.2g}", level.n, alpha_each);
  } else if (p_loss < alpha) {
    result.reason = fmt::format("a loss of {}, within the margin of {}", loss, margin);
  } else if (result.smallest_loss) {
    result.reason = fmt::format("no loss shown; one of {} would have been, with 80 % power",
                                amount_text(*result.smallest_loss, metric.unit));
  } else {
    result.reason = "equal in every unit";
  }
  return result;
}

/// Two significant digits, rounded up.
int64_t rounded_up(double count) {
  const double step = std::pow(10, std::max(0.0, std::floor(std::log10(count)) - 1));
  return static_cast<int64_t>(std::ceil(count / step) * step);
}

/// How many units would let a model that is equal to the baseline pass with 80 % power.
std::optional<int64_t> needed_units(const Judged& judged, const ErrorLevel& level) {
  if (judged.margin <= 0 || level.standard_error <= 0 || level.n < 1) return std::nullopt;
  const double errors =
      (normal_quantile(0.975) + normal_quantile(kPower)) * level.standard_error / judged.margin;
  const double needed = std::max(1.0, errors * errors * static_cast<double>(level.n));
  constexpr double kMost = 1e15;  // beyond any data set
  if (needed > kMost) return std::nullopt;
  return rounded_up(needed);
}

Judgement undecided_interval(const Judged& judged, const ErrorLevel& level, const std::string& loss) {
  Judgement result = undecided(Verdict::inconclusive, loss);
  if (judged.margin == 0) {
    result.reason += "; with a margin of 0 only an improvement can pass";
    return result;
  }
  result.needed = needed_units(judged, level);
  if (result.needed && *result.needed > level.n) {
    result.reason += fmt::format(
        "; at n = {} equal models often are inconclusive: about n = {} would be needed for them to pass",
        level.n, *result.needed);
  } else {
    result.reason += "; n is large enough for equal models: the loss itself is near the margin";
  }
  return result;
}

Judgement noninferiority(const Judged& judged, const ErrorLevel& level) {
  const std::string& unit = judged.metric.unit;
  const Interval loss = loss_interval(judged.metric, level);
  const std::string margin = amount_text(judged.margin, unit);
  if (loss.high < 0)
    return undecided(Verdict::improvement, "a gain of at least " + amount_text(-loss.high, unit));
  if (loss.high < judged.margin) {
    return undecided(Verdict::pass, fmt::format("any loss is at most {}, within the margin of {}",
                                                amount_text(loss.high, unit), margin));
  }
  if (loss.low > judged.margin) {
    return undecided(Verdict::regression, fmt::format("a loss of at least {}, beyond the margin of {}",
                                                      amount_text(loss.low, unit), margin));
  }
  return undecided_interval(
      judged, level,
      fmt::format("the loss may be {}, beyond the margin of {}, or {}", amount_text(loss.high, unit), margin,
                  loss.low < 0 ? "none" : amount_text(loss.low, unit)));
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  static constexpr auto kNames = std::to_array<std::string_view>(
      {"regression", "missing", "not comparable", "inconclusive", "improvement", "pass"});
  return kNames[static_cast<size_t>(verdict)];
}

std::string amount_text(double amount, std::string_view unit) {
  const double shown = shown_scale(unit) * amount;
  const std::string text = std::abs(shown) < 1000 ? fmt::format("{:.3g}", shown) : format_large(shown);
  return fmt::format("{} {}", text, unit.empty() ? "points" : unit);
}

std::vector<Judgement> judge(GateRule rule, double alpha, std::span<const Judged> family) {
  std::vector<Judgement> results(family.size());
  std::vector<size_t> tested;
  std::vector<double> p_loss, p_gain;
  for (size_t i = 0; i < family.size(); ++i) {
    if (auto known = judged_already(family[i].metric)) {
      results[i] = *std::move(known);
      continue;
    }
    const ErrorLevel& level = *level_of(family[i].metric);
    tested.push_back(i);
    p_loss.push_back(level.p_loss);
    p_gain.push_back(level.p_gain);
  }
  const std::vector<double> corrected_loss = holm(p_loss), corrected_gain = holm(p_gain);
  for (size_t k = 0; k < tested.size(); ++k) {
    const Judged& judged = family[tested[k]];
    const ErrorLevel& level = *level_of(judged.metric);
    results[tested[k]] = rule == GateRule::noninferiority ? noninferiority(judged, level)
                                                          : detect(judged, level, corrected_loss[k],
                                                                   corrected_gain[k], alpha, tested.size());
  }
  return results;
}

}  // namespace repbench
