#include "protocols/solvers/line_search.h"

#include <algorithm>
#include <cmath>

namespace repbench {
namespace {

constexpr double kArmijo = 1e-4;
constexpr double kCurvature = 0.9;

/// The minimum of the cubic through both values and slopes; the middle if it has none.
double cubic_minimum(double a, double value_a, double slope_a, double b, double value_b, double slope_b) {
  const double middle = 0.5 * (a + b);
  if (!std::isfinite(value_b) || !std::isfinite(slope_b)) return middle;
  const double d1 = slope_a + slope_b - 3 * (value_a - value_b) / (a - b);
  const double radicand = d1 * d1 - slope_a * slope_b;
  if (!(radicand >= 0)) return middle;
  const double d2 = std::copysign(std::sqrt(radicand), b - a);
  const double denominator = slope_b - slope_a + 2 * d2;
  if (denominator == 0) return middle;
  return b - (b - a) * (slope_b + d2 - d1) / denominator;
}

}  // namespace

LineSearch::LineSearch(double value, double slope, double noise)
    : start_{0, value, slope}, low_(start_), high_(start_), noise_(noise * std::abs(value)) {}

bool LineSearch::low_enough(double value, double slope) const {
  if (value <= start_.value + kArmijo * step_ * start_.slope) return true;
  return value <= start_.value + noise_ && slope <= (2 * kArmijo - 1) * start_.slope;
}

bool LineSearch::accept(double value, double slope) {
  ++trials_;
  const bool low = std::isfinite(value) && std::isfinite(slope) && low_enough(value, slope);
  if (low && slope >= kCurvature * start_.slope) return true;
  if (low) {
    low_ = {step_, value, slope};
  } else {
    high_ = {step_, value, slope};
    bracketed_ = true;
  }
  choose_next();
  return false;
}

void LineSearch::choose_next() {
  if (!bracketed_) {
    step_ *= 4;
    return;
  }
  const double width = high_.step - low_.step;
  const double best = cubic_minimum(low_.step, low_.value, low_.slope, high_.step, high_.value, high_.slope);
  step_ = std::clamp(best, low_.step + 0.1 * width, high_.step - 0.1 * width);
}

}  // namespace repbench
