#include "protocols/crossing.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace repbench {

Crossing first_crossing(const std::vector<double>& x, const std::vector<double>& y, double level) {
  if (x.empty() || x.size() != y.size()) {
    throw std::invalid_argument(
        fmt::format("[crossing] expected as many y as x, at least one; got {} and {}", y.size(), x.size()));
  }
  if (y.front() == level) return {x.front(), fmt::format("at {}", x.front())};
  if (y.front() > level) return {std::nullopt, fmt::format("below {}", x.front())};
  for (size_t i = 1; i < x.size(); ++i) {
    if (y[i] < level) continue;
    const double share = (level - y[i - 1]) / (y[i] - y[i - 1]);
    const double log_x = std::lerp(std::log(x[i - 1]), std::log(x[i]), share);
    return {std::exp(log_x), fmt::format("between {} and {}", x[i - 1], x[i])};
  }
  return {std::nullopt, fmt::format("above {}", x.back())};
}

}  // namespace repbench
