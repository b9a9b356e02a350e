#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace repbench {

/// Compares the entries [begin, split) of a history with [split, end): the probability of a difference like
/// theirs without a change, in [0, 1].
using SplitTest = std::function<double(size_t begin, size_t split, size_t end)>;

/// Where a history of `n` entries changes: binary segmentation. The split with the least p (the first of
/// equal ones) is taken if p times the number of splits in its segment stays below `alpha` (Bonferroni), and
/// both sides are searched again. Ascending; an entry in the result is the first after a change. About n
/// calls of `p_value` a change found. Throws std::invalid_argument for alpha outside (0, 1) and p outside [0,
/// 1].
std::vector<size_t> change_points(size_t n, const SplitTest& p_value, double alpha = 0.01);

}  // namespace repbench
