#include "reports/scale.h"

#include <algorithm>
#include <cmath>

#include "reports/numbers.h"

namespace repbench {
namespace {

double nice_step(double span, int wanted) {
  const double raw = span / std::max(1, wanted);
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (raw <= factor * power * (1 + 1e-9)) return factor * power;
  }
  return 10 * power;
}

}  // namespace

Scale numeric_scale(double low, double high, int wanted) {
  if (!(high - low >
        1e-12 * std::max(std::abs(low), std::abs(high)))) {  // one value: show some room around it
    const double room = low == 0 ? 1 : std::abs(low) * 0.05;
    return numeric_scale(low - (low == 0 ? 0 : room), low + room, wanted);
  }
  const double padding = 0.06 * (high - low);
  Scale scale;
  scale.low = low >= 0 ? std::max(0.0, low - padding) : low - padding;
  scale.high = high + padding;
  const double step = nice_step(scale.high - scale.low, wanted);
  const int decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
  for (auto k = std::llround(std::ceil(scale.low / step - 1e-9)); k * step <= scale.high * (1 + 1e-12); ++k) {
    scale.ticks.push_back(static_cast<double>(k) * step);
    scale.labels.push_back(std::abs(scale.ticks.back()) >= 1e5 ? format_large(scale.ticks.back())
                                                               : format_fixed(scale.ticks.back(), decimals));
  }
  return scale;
}

Scale category_scale(const std::vector<std::string>& labels) {
  Scale scale{-0.5, static_cast<double>(labels.size()) - 0.5, {}, labels};
  for (size_t i = 0; i < labels.size(); ++i) scale.ticks.push_back(static_cast<double>(i));
  return scale;
}

Scale logarithmic_scale(const std::vector<double>& values) {
  Scale scale;
  for (const double value : values) {
    scale.ticks.push_back(std::log2(value));
    scale.labels.push_back(value >= 1e5 ? format_large(value) : format_short(value));
  }
  const double padding = 0.06 * (scale.ticks.back() - scale.ticks.front());
  scale.low = scale.ticks.front() - padding;
  scale.high = scale.ticks.back() + padding;
  return scale;
}

}  // namespace repbench
