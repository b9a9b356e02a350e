#pragma once

#include <optional>
#include <string>
#include <vector>

namespace repbench {

/// Where a rising curve reaches a level.
struct Crossing {
  std::optional<double> x;  // nothing where it is outside the curve
  std::string where;        // "below 1", "between 2 and 4", "above 16"
};

/// The first x at which `y` reaches `level`, interpolated linearly in log x, as Radford et al. (2021, Figure
/// 7) say how many examples a class a classifier on features needs to match zero-shot. x > 0, ascending, not
/// empty; as many y.
Crossing first_crossing(const std::vector<double>& x, const std::vector<double>& y, double level);

}  // namespace repbench
