#include "protocols/weight_average.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <utility>

namespace repbench {

WeightAverage::WeightAverage(NamedTensors live, double decay) : live_(std::move(live)), decay_(decay) {
  for (const auto& [name, tensor] : live_) averages_.push_back({"ema." + name, tensor.detach().clone()});
}

void WeightAverage::update() {
  const c10::NoGradGuard no_grad;
  for (size_t i = 0; i < live_.size(); ++i) averages_[i].tensor.lerp_(live_[i].tensor, 1.0 - decay_);
}

void WeightAverage::swap() {
  for (size_t i = 0; i < live_.size(); ++i) {
    const at::Tensor value = live_[i].tensor.data();
    live_[i].tensor.set_data(averages_[i].tensor.data());
    averages_[i].tensor.set_data(value);
  }
}

NamedTensors WeightAverage::tensors() const { return averages_; }

}  // namespace repbench
