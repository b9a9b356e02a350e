#pragma once

#include <cstdint>

namespace repbench {

/// Linear warm-up from 0, then a half cosine down to `minimum`; by fractional epoch (MAE, `lr_sched`).
struct CosineSchedule {
  double peak = 0;  // learning rate at the end of warm-up
  double minimum = 0;
  double warmup_epochs = 0;
  double epochs = 1;  // total, warm-up included

  double rate(double epoch) const;
};

/// base_rate x effective batch / 256 (Goyal et al. 2017); effective = batch x accumulation x processes.
double scaled_rate(double base_rate, int64_t effective_batch);

}  // namespace repbench
