#pragma once

#include <cstdint>

namespace repbench {

/// The difference that a test at level `alpha` finds with probability `power`, in the unit of the standard
/// error: (z(1 - alpha / sides) + z(power)) standard errors. `sides` is 1 or 2, `alpha` and `power` in (0,
/// 1); throws std::invalid_argument.
double detectable_difference(double standard_error, double alpha, int sides, double power = 0.8);

/// Standard error of the difference of two accuracies on the same n examples when both are about equal and a
/// share `discordance` of the examples is right in one alone: sqrt(discordance / n).
double discordance_error(double discordance, int64_t n);

/// The fewest discordant pairs, all of them lost, whose one-sided mid-p (2^-(k + 1)) is below `alpha`.
int64_t fewest_lost(double alpha);

/// How many losses must be expected for that many to be seen with probability `power` (Poisson, normal
/// approximation).
double expected_lost(double alpha, double power = 0.8);

}  // namespace repbench
