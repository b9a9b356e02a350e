#include "reports/statistics/intervals.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <unsupported/Eigen/SpecialFunctions>

namespace repbench {
namespace {

constexpr double kNormalQuantile = 1.959963984540054;  // 97.5 %

void expect_counts(std::string_view where, int64_t successes, int64_t n) {
  if (n >= 1 && successes >= 0 && successes <= n) return;
  throw std::invalid_argument(
      fmt::format("[{}] expected 0 <= successes <= n and n >= 1; got {} of {}", where, successes, n));
}

}  // namespace

Interval wilson_interval(int64_t successes, int64_t n) {
  expect_counts("wilson_interval", successes, n);
  const double count = static_cast<double>(n);
  const double share = static_cast<double>(successes) / count;
  const double z2 = kNormalQuantile * kNormalQuantile;
  const double centre = (share + z2 / (2 * count)) / (1 + z2 / count);
  const double half =
      kNormalQuantile / (1 + z2 / count) * std::sqrt(share * (1 - share) / count + z2 / (4 * count * count));
  return {successes == 0 ? 0 : std::max(0.0, centre - half),
          successes == n ? 1 : std::min(1.0, centre + half)};
}

double student_t_quantile(double probability, int64_t degrees_of_freedom) {
  if (!(probability > 0 && probability < 1) || degrees_of_freedom < 1) {
    throw std::invalid_argument(fmt::format(
        "[student_t_quantile] expected a probability in (0, 1) and degrees of freedom >= 1; got {} and {}",
        probability, degrees_of_freedom));
  }
  if (probability < 0.5) return -student_t_quantile(1 - probability, degrees_of_freedom);
  if (probability == 0.5) return 0;
  const double freedom = static_cast<double>(degrees_of_freedom);
  const double both_tails = 2 * (1 - probability);
  // P(|T| > t) = I_x(freedom / 2, 1 / 2) with x = freedom / (freedom + t^2), rising in x.
  double low = 0, high = 1;
  for (double x = 0.5; x > low && x < high; x = std::midpoint(low, high)) {
    (Eigen::numext::betainc(freedom / 2, 0.5, x) < both_tails ? low : high) = x;
  }
  return std::sqrt(freedom * (1 - high) / high);
}

double student_t_tail(double t, double degrees_of_freedom) {
  if (!(degrees_of_freedom > 0) || !std::isfinite(degrees_of_freedom) || std::isnan(t)) {
    throw std::invalid_argument(
        fmt::format("[student_t_tail] expected a number and degrees of freedom > 0; got {} and {}", t,
                    degrees_of_freedom));
  }
  const double half = degrees_of_freedom / 2, square = t * t, sum = degrees_of_freedom + square;
  // Small t near the middle, where the tail's own argument would round to 1.
  const double tail = square < 1 ? (1 - Eigen::numext::betainc(0.5, half, square / sum)) / 2
                                 : Eigen::numext::betainc(half, 0.5, degrees_of_freedom / sum) / 2;
  return t < 0 ? 1 - tail : tail;
}

double binomial_standard_error(int64_t successes, int64_t n) {
  expect_counts("binomial_standard_error", successes, n);
  const double share = static_cast<double>(successes) / static_cast<double>(n);
  return std::sqrt(share * (1 - share) / static_cast<double>(n));
}

MeanAndDeviation mean_and_deviation(std::span<const double> values) {
  if (values.empty())
    throw std::invalid_argument("[mean_and_deviation] expected at least one value; got none");
  const double n = static_cast<double>(values.size());
  MeanAndDeviation result;
  result.n = static_cast<int64_t>(values.size());
  result.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  result.interval = {result.mean, result.mean};
  if (values.size() == 1) return result;
  double squares = 0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  result.standard_deviation = std::sqrt(squares / (n - 1));
  const double half = student_t_quantile(0.975, result.n - 1) * result.standard_deviation / std::sqrt(n);
  result.interval = {result.mean - half, result.mean + half};
  return result;
}

double quantile(std::vector<double> values, double q) {
  if (values.empty() || !(q >= 0 && q <= 1)) {
    throw std::invalid_argument(fmt::format(
        "[quantile] expected values and q in [0, 1]; got {} values and q = {}", values.size(), q));
  }
  std::sort(values.begin(), values.end());
  const double position = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(position);
  const size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (position - static_cast<double>(below)) * (values[above] - values[below]);
}

}  // namespace repbench
