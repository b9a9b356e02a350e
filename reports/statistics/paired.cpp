#include "reports/statistics/paired.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string_view>

#include "reports/statistics/intervals.h"
#include "reports/statistics/normal.h"

namespace repbench {
namespace {

constexpr int64_t kMostPairs = 1'000'000'000'000'000;  // exact in a double, and four of them in an int64_t

/// log of the probability of `successes` heads in n throws of a fair coin. In long double, since lgamma(10^6)
/// is about 10^7 and its rounding error would show in the ninth digit.
long double log_fair_coin(int64_t successes, int64_t n) {
  const auto log_factorial = [](int64_t k) { return std::lgamma(static_cast<long double>(k) + 1); };
  return log_factorial(n) - log_factorial(successes) - log_factorial(n - successes) -
         static_cast<long double>(n) * std::log(2.0L);
}

void expect_discordant(std::string_view where, int64_t only_a, int64_t only_b) {
  if (std::min(only_a, only_b) >= 0 && std::max(only_a, only_b) <= kMostPairs) return;
  throw std::invalid_argument(
      fmt::format("[{}] expected counts in [0, 10^15]; got {} and {}", where, only_a, only_b));
}

void expect_confidence(std::string_view where, double confidence) {
  if (confidence > 0 && confidence < 1) return;
  throw std::invalid_argument(fmt::format("[{}] expected a confidence in (0, 1); got {}", where, confidence));
}

/// The share of pairs that A alone has right, most likely where B's share is greater by `gain` >= 0: the
/// larger root of 2 n q^2 + b q - c = 0.
double likeliest_only_a(double only_a, double only_b, double n, double gain) {
  const double b = (2 * n - only_b + only_a) * gain - (only_a + only_b);
  const double c = only_a * gain * (1 - gain);
  const double root = std::sqrt(b * b + 8 * n * c);
  if (b <= 0) return (root - b) / (4 * n);
  return 2 * c / (b + root);
}

/// The end of Tango's interval above the observed gain of B: the greatest gain whose score test accepts.
double greatest_gain(double only_a, double only_b, double n, double z) {
  const auto accepted = [=](double gain) {
    // The variance is the same whichever model is called A; from the side that gained, nothing cancels.
    const double lost =
        gain >= 0 ? likeliest_only_a(only_a, only_b, n, gain) : likeliest_only_a(only_b, only_a, n, -gain);
    const double variance = n * (2 * lost + std::abs(gain) * (1 - std::abs(gain)));
    const double distance = only_b - only_a - n * gain;
    return distance * distance <= z * z * variance;
  };
  double inside = (only_b - only_a) / n, outside = 1;
  for (int halving = 0; halving < 60; ++halving) {
    const double middle = std::midpoint(inside, outside);
    (accepted(middle) ? inside : outside) = middle;
  }
  return inside;
}

}  // namespace

PairedCounts paired_counts(std::span<const uint8_t> a, std::span<const uint8_t> b) {
  if (a.size() != b.size()) {
    throw std::invalid_argument(fmt::format(
        "[paired_counts] expected outcomes of the same examples; got {} and {} of them", a.size(), b.size()));
  }
  PairedCounts counts;
  for (size_t i = 0; i < a.size(); ++i) {
    const bool in_a = a[i] != 0, in_b = b[i] != 0;
    ++(in_a ? (in_b ? counts.both : counts.only_a) : (in_b ? counts.only_b : counts.neither));
  }
  return counts;
}

double mcnemar_mid_p(int64_t only_a, int64_t only_b) {
  expect_discordant("mcnemar_mid_p", only_a, only_b);
  const int64_t n = only_a + only_b;
  const int64_t fewer = std::min(only_a, only_b);
  if (n == 0 || only_a == only_b) return 1;
  // 2 P(X <= fewer) - P(X = fewer), summed downwards in units of P(X = fewer): terms only shrink.
  double term = 1, tail = 1;
  for (int64_t k = fewer; k > 0 && term > 1e-18 * tail; --k) {
    term *= static_cast<double>(k) / static_cast<double>(n - k + 1);
    tail += term;
  }
  const long double log_p = log_fair_coin(fewer, n) + std::log(static_cast<long double>(2 * tail - 1));
  return std::min(1.0, static_cast<double>(std::exp(log_p)));
}

double mcnemar_mid_p_loss(int64_t only_a, int64_t only_b) {
  const double one_tail = mcnemar_mid_p(only_a, only_b) / 2;
  return only_a >= only_b ? one_tail : 1 - one_tail;
}

Interval tango_interval(const PairedCounts& counts, double confidence) {
  expect_discordant("tango_interval", counts.only_a, counts.only_b);
  expect_discordant("tango_interval", counts.both, counts.neither);
  expect_confidence("tango_interval", confidence);
  if (counts.n() == 0) throw std::invalid_argument("[tango_interval] expected at least one pair; got none");
  const auto only_a = static_cast<double>(counts.only_a), only_b = static_cast<double>(counts.only_b);
  const auto n = static_cast<double>(counts.n());
  const double z = normal_quantile((1 + confidence) / 2);
  return {-greatest_gain(only_b, only_a, n, z), greatest_gain(only_a, only_b, n, z)};
}

PairedT paired_t(std::span<const double> differences, double confidence) {
  expect_confidence("paired_t", confidence);
  if (differences.size() < 2) {
    throw std::invalid_argument(
        fmt::format("[paired_t] expected at least two differences; got {}", differences.size()));
  }
  PairedT result;
  result.n = static_cast<int64_t>(differences.size());
  const double first = differences.front();
  if (std::all_of(differences.begin(), differences.end(), [first](double value) { return value == first; })) {
    result.mean = first;  // not a sum divided again, whose rounding would look like a spread
  } else {
    const MeanAndDeviation spread = mean_and_deviation(differences);
    result.mean = spread.mean;
    result.standard_deviation = spread.standard_deviation;
    result.standard_error = spread.standard_deviation / std::sqrt(static_cast<double>(result.n));
  }
  if (!std::isfinite(result.mean) || !std::isfinite(result.standard_deviation))
    throw std::invalid_argument("[paired_t] expected finite differences; got one that is not, or too large");
  const double half = student_t_quantile((1 + confidence) / 2, result.n - 1) * result.standard_error;
  result.interval = {result.mean - half, result.mean + half};
  if (result.standard_error > 0) {
    const double t = std::abs(result.mean) / result.standard_error;
    result.p = 2 * student_t_tail(t, static_cast<double>(result.n - 1));
  } else {
    result.p = result.mean == 0 ? 1 : 0;
  }
  return result;
}

}  // namespace repbench
