#pragma once

namespace repbench {

/// The z that a standard normal variable stays below with this probability, e.g. 1.96 for 0.975.
/// `probability` in (0, 1); throws std::invalid_argument.
double normal_quantile(double probability);

/// P(Z > z) of a standard normal variable, exact in the far tail too.
double normal_tail(double z);

}  // namespace repbench
