#include "reports/statistics/power.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "reports/statistics/normal.h"

namespace repbench {

double detectable_difference(double standard_error, double alpha, int sides, double power) {
  if (!(standard_error >= 0) || !std::isfinite(standard_error)) {
    throw std::invalid_argument(
        fmt::format("[detectable_difference] expected a standard error >= 0; got {}", standard_error));
  }
  if ((sides != 1 && sides != 2) || !(alpha > 0 && alpha < 1) || !(power > 0 && power < 1)) {
    throw std::invalid_argument(
        fmt::format("[detectable_difference] expected alpha and power in (0, 1) and 1 or 2 sides; got {}, {} "
                    "and {}",
                    alpha, power, sides));
  }
  return (normal_quantile(power) - normal_quantile(alpha / sides)) * standard_error;
}

double discordance_error(double discordance, int64_t n) {
  if (!(discordance >= 0 && discordance <= 1) || n < 1) {
    throw std::invalid_argument(fmt::format(
        "[discordance_error] expected a share in [0, 1] and n >= 1; got {} and {}", discordance, n));
  }
  return std::sqrt(discordance / static_cast<double>(n));
}

int64_t fewest_lost(double alpha) {
  if (!(alpha > 0 && alpha < 1))
    throw std::invalid_argument(fmt::format("[fewest_lost] expected alpha in (0, 1); got {}", alpha));
  int64_t count = 1;
  while (std::exp2(-static_cast<double>(count + 1)) >= alpha) ++count;
  return count;
}

double expected_lost(double alpha, double power) {
  const auto fewest = static_cast<double>(fewest_lost(alpha));
  return fewest + normal_quantile(power) * std::sqrt(fewest);
}

}  // namespace repbench
