#pragma once

#include <string>
#include <vector>

#include "reports/figure.h"
#include "reports/rows.h"

namespace repbench {

/// The curves of a grid, one figure a protocol: x the first axis, a series for each value of the others, y
/// the mean over seeds with its interval (one seed: the metric's own). Controls are level lines. Empty if the
/// first axis is not numeric.
std::vector<Figure> grid_figures(const std::vector<const Record*>& records,
                                 const std::vector<std::string>& axes);

}  // namespace repbench
