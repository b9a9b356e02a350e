#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "reports/history/history.h"

namespace repbench {

/// Outcomes of the same units at each point of a history, one column a point, all equally long: does the mean
/// over the units change from [begin, split) to [split, end)? Each unit's mean after the split less its mean
/// before it, and z of these differences, so that the test set's own noise cancels. Two-sided; never less
/// than that of as many coins as there are units that differ.
double paired_p(std::span<const std::vector<float>> columns, size_t begin, size_t split, size_t end);

/// Where two means fit the values best (least squares): the first value of the second mean. At least two
/// values.
size_t best_split(std::span<const double> values);

/// Student's t with equal variances, two-sided; empty for fewer than three values or an empty side.
std::optional<double> scatter_p(std::span<const double> before, std::span<const double> after);

/// Fills `test` and `changes`. A segment's change is looked for where two means fit it best: that of p is no
/// guide to the place, as in a run of equal outcomes each place tells as much. It is tested by outcomes of
/// the same units where the metric is a mean of them, times by their repetitions, else by standard errors.
/// Reads the outcomes of one history at a time. Throws what read_outcomes throws, and std::invalid_argument
/// naming the file for outcomes too large for a float.
void find_changes(MetricHistory& history, double alpha);

}  // namespace repbench
