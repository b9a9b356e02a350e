#include "reports/statistics/change_points.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace repbench {

std::vector<size_t> change_points(size_t n, const SplitTest& p_value, double alpha) {
  if (!(alpha > 0 && alpha < 1))
    throw std::invalid_argument(fmt::format("[change_points] expected alpha in (0, 1); got {}", alpha));
  std::vector<size_t> points;
  // An explicit stack: a history may change at each entry.
  std::vector<std::pair<size_t, size_t>> segments = {{0, n}};
  while (!segments.empty()) {
    const auto [begin, end] = segments.back();
    segments.pop_back();
    if (end - begin < 2) continue;
    double least = 2;
    size_t best = begin;
    for (size_t split = begin + 1; split < end; ++split) {
      const double p = p_value(begin, split, end);
      if (!(p >= 0 && p <= 1))
        throw std::invalid_argument(fmt::format("[change_points] expected p in [0, 1]; got {}", p));
      if (p < least) least = p, best = split;
    }
    if (!(least * static_cast<double>(end - begin - 1) < alpha)) continue;
    points.push_back(best);
    segments.emplace_back(begin, best);
    segments.emplace_back(best, end);
  }
  std::sort(points.begin(), points.end());
  return points;
}

}  // namespace repbench
