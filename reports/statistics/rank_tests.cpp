#include "reports/statistics/rank_tests.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string_view>

#include "reports/statistics/normal.h"

namespace repbench {
namespace {

constexpr size_t kMostExactPairs = 400;
constexpr double kNormalQuantile = 1.959963984540054;  // 97.5 %

void expect_values(std::string_view where, std::span<const double> values, size_t least) {
  if (values.size() < least) {
    throw std::invalid_argument(
        fmt::format("[{}] expected at least {} values; got {}", where, least, values.size()));
  }
  for (const double value : values) {
    if (std::isfinite(value)) continue;
    throw std::invalid_argument(fmt::format("[{}] expected finite values; got {}", where, value));
  }
}

void expect_pairs(std::string_view where, std::span<const double> x, std::span<const double> y) {
  expect_values(where, x, 2);
  expect_values(where, y, 2);
  if (x.size() == y.size()) return;
  throw std::invalid_argument(
      fmt::format("[{}] expected values in pairs; got {} and {} of them", where, x.size(), y.size()));
}

/// Sum of t^3 - t over the groups of t equal values.
double tie_term(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  double sum = 0;
  for (auto begin = values.begin(); begin != values.end();) {
    const auto end = std::upper_bound(begin, values.end(), *begin);
    const auto equal = static_cast<double>(end - begin);
    sum += equal * (equal * equal - 1);
    begin = end;
  }
  return sum;
}

/// Variance of U where samples of m and n values have no shift.
double u_variance(size_t m, size_t n, double ties) {
  const auto pairs = static_cast<double>(m) * static_cast<double>(n);
  const auto all = static_cast<double>(m + n);
  return pairs / 12 * (all + 1 - ties / (all * (all - 1)));
}

/// P(U <= u) for u = 0 ... m n: the coefficients of the Gaussian binomial (m + n over m), summed. Whole
/// numbers up to (40 over 20), so that doubles are exact.
std::vector<double> u_distribution(size_t m, size_t n) {
  std::vector<double> ways(m * n + 1);
  ways[0] = 1;
  for (size_t i = 1; i <= m; ++i) {  // times (1 - q^(n + i)) / (1 - q^i)
    for (size_t u = ways.size(); u-- > n + i;) ways[u] -= ways[u - n - i];
    for (size_t u = i; u < ways.size(); ++u) ways[u] += ways[u - i];
  }
  std::partial_sum(ways.begin(), ways.end(), ways.begin());
  const double all = ways.back();
  for (double& share : ways) share /= all;
  return ways;
}

std::vector<double> joined(std::span<const double> a, std::span<const double> b) {
  std::vector<double> all(a.begin(), a.end());
  all.insert(all.end(), b.begin(), b.end());
  return all;
}

/// How many differences lie outside the interval on each side, plus one.
size_t first_inside(std::span<const double> a, std::span<const double> b) {
  const size_t pairs = a.size() * b.size();
  if (pairs <= kMostExactPairs && tie_term(joined(a, b)) == 0) {
    const std::vector<double> share = u_distribution(a.size(), b.size());
    return static_cast<size_t>(std::upper_bound(share.begin(), share.end(), 0.025) - share.begin());
  }
  // A shift between two differences leaves only the ties within the samples.
  const double ties = tie_term({a.begin(), a.end()}) + tie_term({b.begin(), b.end()});
  const double half = kNormalQuantile * std::sqrt(std::max(0.0, u_variance(a.size(), b.size(), ties)));
  const double rejected = std::floor(static_cast<double>(pairs) / 2 - 0.5 - half);
  return rejected < 0 ? 0 : static_cast<size_t>(rejected) + 1;
}

}  // namespace

std::vector<double> average_ranks(std::span<const double> values) {
  expect_values("average_ranks", values, 0);
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [values](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (size_t i = begin; i < end; ++i) ranks[order[i]] = static_cast<double>(begin + 1 + end) / 2;
    begin = end;
  }
  return ranks;
}

double spearman(std::span<const double> x, std::span<const double> y) {
  expect_pairs("spearman", x, y);
  const std::vector<double> x_ranks = average_ranks(x), y_ranks = average_ranks(y);
  const double middle = static_cast<double>(x.size() + 1) / 2;
  double xx = 0, yy = 0, xy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    xx += (x_ranks[i] - middle) * (x_ranks[i] - middle);
    yy += (y_ranks[i] - middle) * (y_ranks[i] - middle);
    xy += (x_ranks[i] - middle) * (y_ranks[i] - middle);
  }
  if (xx == 0 || yy == 0) return 0;
  return std::clamp(xy / std::sqrt(xx * yy), -1.0, 1.0);
}

double kendall_tau_b(std::span<const double> x, std::span<const double> y) {
  expect_pairs("kendall_tau_b", x, y);
  const auto order = [](double a, double b) { return (a > b) - (a < b); };
  int64_t agreement = 0, x_differs = 0, y_differs = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      const int in_x = order(x[i], x[k]), in_y = order(y[i], y[k]);
      agreement += in_x * in_y;
      x_differs += in_x != 0;
      y_differs += in_y != 0;
    }
  }
  if (x_differs == 0 || y_differs == 0) return 0;
  const double scale = std::sqrt(static_cast<double>(x_differs)) * std::sqrt(static_cast<double>(y_differs));
  return std::clamp(static_cast<double>(agreement) / scale, -1.0, 1.0);
}

MannWhitney mann_whitney(std::span<const double> a, std::span<const double> b) {
  expect_values("mann_whitney", a, 1);
  expect_values("mann_whitney", b, 1);
  const std::vector<double> all = joined(a, b), ranks = average_ranks(all);
  const auto m = static_cast<double>(a.size()), pairs = m * static_cast<double>(b.size());
  const auto end_of_a = ranks.begin() + static_cast<std::ptrdiff_t>(a.size());
  MannWhitney result;
  result.u = std::accumulate(ranks.begin(), end_of_a, 0.0) - m * (m + 1) / 2;
  const double lesser = std::min(result.u, pairs - result.u);
  const double ties = tie_term(all);
  result.exact = ties == 0 && pairs <= static_cast<double>(kMostExactPairs);
  if (result.exact) {
    result.p = std::min(1.0, 2 * u_distribution(a.size(), b.size())[static_cast<size_t>(lesser)]);
    return result;
  }
  const double variance = u_variance(a.size(), b.size(), ties);
  if (variance > 0)
    result.p = std::min(1.0, 2 * normal_tail((pairs / 2 - lesser - 0.5) / std::sqrt(variance)));
  return result;
}

ShiftEstimate hodges_lehmann(std::span<const double> a, std::span<const double> b) {
  expect_values("hodges_lehmann", a, 1);
  expect_values("hodges_lehmann", b, 1);
  std::vector<double> differences;
  differences.reserve(a.size() * b.size());
  for (const double in_b : b)
    for (const double in_a : a) differences.push_back(in_b - in_a);
  std::sort(differences.begin(), differences.end());
  const size_t last = differences.size() - 1;
  const size_t outside = std::min(std::max<size_t>(first_inside(a, b), 1) - 1, last / 2);
  return {std::midpoint(differences[last / 2], differences[last - last / 2]),
          {differences[outside], differences[last - outside]}};
}

}  // namespace repbench
