#include "pretrain/schedule.h"

#include <cmath>
#include <numbers>

namespace repbench {

double CosineSchedule::rate(double epoch) const {
  if (epoch < warmup_epochs) return peak * epoch / warmup_epochs;
  const double progress = (epoch - warmup_epochs) / (epochs - warmup_epochs);
  return minimum + (peak - minimum) * 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
}

double scaled_rate(double base_rate, int64_t effective_batch) {
  return base_rate * static_cast<double>(effective_batch) / 256.0;
}

}  // namespace repbench
