#include "reports/statistics/bootstrap.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

#include "reports/statistics/normal.h"

namespace repbench {
namespace {

constexpr uint32_t kMostGroups = 100;

/// Uniform whole numbers from raw bits: the standard's distributions differ between libraries.
class Draw {
 public:
  explicit Draw(uint64_t seed) : generator_(seed) {}

  /// Uniform in [0, bound), without bias (Lemire 2019).
  uint32_t below(uint32_t bound) { return below(bound, static_cast<uint32_t>(generator_() >> 32)); }

  /// How often each unit occurs among as many draws as there are units; two draws from each 64 bits.
  void resample(std::vector<uint32_t>& counts) {
    std::fill(counts.begin(), counts.end(), 0);
    const auto n = static_cast<uint32_t>(counts.size());
    for (uint32_t pair = 0; pair < n / 2; ++pair) {
      const uint64_t word = generator_();
      ++counts[below(n, static_cast<uint32_t>(word >> 32))];
      ++counts[below(n, static_cast<uint32_t>(word))];
    }
    if (n % 2 == 1) ++counts[below(n)];
  }

 private:
  uint32_t below(uint32_t bound, uint32_t bits) {
    uint64_t product = static_cast<uint64_t>(bits) * bound;
    if (static_cast<uint32_t>(product) < bound) [[unlikely]] {
      const uint32_t unfair = static_cast<uint32_t>(-bound) % bound;
      while (static_cast<uint32_t>(product) < unfair)
        product = (generator_() >> 32) * static_cast<uint64_t>(bound);
    }
    return static_cast<uint32_t>(product >> 32);
  }

  std::mt19937_64 generator_;
};

void expect_options(int64_t n, const BootstrapOptions& options) {
  if (n < 1 || n > INT64_C(0xffffffff))
    throw std::invalid_argument(fmt::format("[bootstrap] expected n in [1, 2^32); got {}", n));
  if (options.resamples < 2 || options.resamples > 100'000'000) {
    throw std::invalid_argument(
        fmt::format("[bootstrap] expected resamples in [2, 10^8]; got {}", options.resamples));
  }
  if (!(options.confidence > 0 && options.confidence < 1)) {
    throw std::invalid_argument(
        fmt::format("[bootstrap] expected a confidence in (0, 1); got {}", options.confidence));
  }
}

double evaluate(const ResampledStatistic& statistic, const std::vector<uint32_t>& counts) {
  const double value = statistic(counts);
  if (std::isfinite(value)) return value;
  throw std::invalid_argument(fmt::format("[bootstrap] expected a finite statistic; got {}", value));
}

std::vector<double> resampled(uint32_t n, const ResampledStatistic& statistic, int64_t resamples,
                              Draw& draw) {
  std::vector<double> values(static_cast<size_t>(resamples));
  std::vector<uint32_t> counts(n);
  for (double& value : values) {
    draw.resample(counts);
    value = evaluate(statistic, counts);
  }
  return values;
}

/// The statistic with each group of units left out. Units are dealt to groups at random: the order of a data
/// set often follows its classes.
std::vector<double> jackknife(uint32_t n, const ResampledStatistic& statistic, Draw& draw) {
  std::vector<uint32_t> units(n);
  std::iota(units.begin(), units.end(), 0);
  const uint32_t groups = std::min(n, kMostGroups);
  if (groups < n)
    for (uint32_t i = n - 1; i > 0; --i) std::swap(units[i], units[draw.below(i + 1)]);
  std::vector<uint32_t> counts(n, 1);
  std::vector<double> values(groups);
  for (uint32_t group = 0; group < groups; ++group) {
    for (uint64_t i = group; i < n; i += groups) counts[units[i]] = 0;
    values[group] = evaluate(statistic, counts);
    for (uint64_t i = group; i < n; i += groups) counts[units[i]] = 1;
  }
  return values;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double standard_deviation(const std::vector<double>& values) {
  const double centre = mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - centre) * (value - centre);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

/// A sixth of the skewness of the jackknife values; nothing where they are all equal.
std::optional<double> acceleration(const std::vector<double>& values) {
  const double centre = mean(values);
  double squares = 0, cubes = 0;
  for (const double value : values) {
    const double influence = centre - value;
    squares += influence * influence;
    cubes += influence * influence * influence;
  }
  const double result = cubes / (6 * std::pow(squares, 1.5));
  return std::isfinite(result) ? std::optional(result) : std::nullopt;
}

/// The normal quantile of the share of resamples below the estimate, equal ones counted half.
std::optional<double> bias(const std::vector<double>& sorted, double estimate) {
  const auto [low, high] = std::equal_range(sorted.begin(), sorted.end(), estimate);
  const double below = static_cast<double>((low - sorted.begin()) + (high - sorted.begin())) / 2;
  if (below == 0 || below == static_cast<double>(sorted.size())) return std::nullopt;
  return normal_quantile(below / static_cast<double>(sorted.size()));
}

/// The level of the resamples' distribution where BCa puts the end that is `level` of a normal one.
std::optional<double> corrected(double level, double bias, double acceleration) {
  const double z = bias + normal_quantile(level);
  const double stretch = 1 - acceleration * z;
  if (!(stretch > 0)) return std::nullopt;
  return normal_tail(-(bias + z / stretch));
}

/// The value at rank (N + 1) level (Davison and Hinkley 1997): of N resamples as much lies outside as it
/// should, also for a small N.
double at_level(const std::vector<double>& sorted, double level) {
  const double last = static_cast<double>(sorted.size() - 1);
  const double rank = std::clamp(level * (last + 2) - 1, 0.0, last);
  const auto below = static_cast<size_t>(rank);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], rank - static_cast<double>(below));
}

}  // namespace

BootstrapResult bootstrap(int64_t n, const ResampledStatistic& statistic, const BootstrapOptions& options) {
  expect_options(n, options);
  const auto units = static_cast<uint32_t>(n);
  BootstrapResult result;
  result.estimate = evaluate(statistic, std::vector<uint32_t>(units, 1));
  result.interval = {result.estimate, result.estimate};
  if (units == 1) return result;
  Draw draw(options.seed);
  std::vector<double> values = resampled(units, statistic, options.resamples, draw);
  std::sort(values.begin(), values.end());
  if (values.front() == values.back() && values.front() == result.estimate) return result;
  result.standard_error = standard_deviation(values);
  double low = (1 - options.confidence) / 2, high = (1 + options.confidence) / 2;
  const std::optional<double> shift = bias(values, result.estimate);
  const std::optional<double> skew = shift ? acceleration(jackknife(units, statistic, draw)) : std::nullopt;
  if (shift && skew) {
    const std::optional<double> lower = corrected(low, *shift, *skew), upper = corrected(high, *shift, *skew);
    if (lower && upper) low = *lower, high = *upper;
  }
  result.interval = {at_level(values, low), at_level(values, high)};
  return result;
}

}  // namespace repbench
