#include "reports/statistics/paired.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace repbench {
namespace {

/// log of the probability of `successes` heads in n throws of a fair coin. In long double, since lgamma(10^6)
/// is about 10^7 and its rounding error would show in the ninth digit.
long double log_fair_coin(int64_t successes, int64_t n) {
  const auto log_factorial = [](int64_t k) { return std::lgamma(static_cast<long double>(k) + 1); };
  return log_factorial(n) - log_factorial(successes) - log_factorial(n - successes) -
         static_cast<long double>(n) * std::log(2.0L);
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
  if (only_a < 0 || only_b < 0) {
    throw std::invalid_argument(
        fmt::format("[mcnemar_mid_p] expected counts >= 0; got {} and {}", only_a, only_b));
  }
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

}  // namespace repbench
