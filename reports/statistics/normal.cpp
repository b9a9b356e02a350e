#include "reports/statistics/normal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace repbench {

double normal_tail(double z) { return std::erfc(z / std::numbers::sqrt2) / 2; }

double normal_quantile(double probability) {
  if (!(probability > 0 && probability < 1)) {
    throw std::invalid_argument(
        fmt::format("[normal_quantile] expected a probability in (0, 1); got {}", probability));
  }
  const double tail = std::min(probability, 1 - probability);
  // Hastings' approximation (Abramowitz and Stegun 26.2.23) is within 4.5e-4; each of Halley's steps triples
  // the correct digits.
  const double t = std::sqrt(-2 * std::log(tail));
  double z =
      t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  for (int step = 0; step < 3; ++step) {
    const double density = std::exp(-z * z / 2) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
    const double excess = (normal_tail(z) - tail) / density;
    z += excess / (1 - excess * z / 2);
  }
  return probability < 0.5 ? -z : z;
}

}  // namespace repbench
