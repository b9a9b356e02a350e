#pragma once

#include <ATen/core/Tensor.h>

#include "pretrain/tensors.h"

namespace repbench {

/// An exponential moving average of tensors in training, as timm's ModelEma without its warm-up: it starts as
/// a copy, and each update makes it decay x average + (1 - decay) x value. Statistics of batch norms are
/// averaged like weights.
class WeightAverage {
 public:
  /// The tensors are the model's own; decay in (0, 1).
  WeightAverage(NamedTensors live, double decay);

  void update();

  /// Values and averages change places; once more and all is as before.
  void swap();

  /// ema.NAME of each.
  NamedTensors tensors() const;

 private:
  NamedTensors live_;
  NamedTensors averages_;
  double decay_;
};

}  // namespace repbench
