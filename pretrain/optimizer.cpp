#include "pretrain/optimizer.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <cmath>

namespace repbench {

AdamW::AdamW(std::vector<ParameterGroup> groups, const AdamWOptions& options) : options_(options) {
  for (ParameterGroup& parameters : groups) {
    Group group{std::move(parameters), {}, {}, {}, {}};
    for (const NamedTensor& named : group.parameters.parameters) {
      group.values.push_back(named.tensor);
      group.first.push_back(at::zeros_like(named.tensor));
      group.second.push_back(at::zeros_like(named.tensor));
      group.steps.push_back(at::zeros({}, named.tensor.options().requires_grad(false)));
    }
    groups_.push_back(std::move(group));
  }
}

void AdamW::step(double learning_rate, int64_t step) {
  const c10::NoGradGuard no_grad;
  for (Group& group : groups_) {
    std::vector<at::Tensor> values, gradients, first, second, steps;
    for (size_t i = 0; i < group.values.size(); ++i) {
      if (!group.values[i].grad().defined()) continue;
      values.push_back(group.values[i]);
      gradients.push_back(group.values[i].grad());
      first.push_back(group.first[i]);
      second.push_back(group.second[i]);
      steps.push_back(group.steps[i]);
    }
    if (values.empty()) continue;
    at::_foreach_add_(steps, 1);
    at::_fused_adamw_(values, gradients, first, second, {}, steps,
                      learning_rate * group.parameters.lr_scale(step), options_.beta1, options_.beta2,
                      group.parameters.weight_decay(step), options_.eps,
                      /*amsgrad=*/false, /*maximize=*/false);
  }
}

void AdamW::zero_gradients() {
  for (Group& group : groups_) {
    for (at::Tensor& value : group.values) value.mutable_grad().reset();
  }
}

double AdamW::clip_gradients(double max_norm) {
  const c10::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const Group& group : groups_) {
    for (const at::Tensor& value : group.values) {
      if (value.grad().defined()) gradients.push_back(value.grad());
    }
  }
  if (gradients.empty()) return 0.0;
  const double norm = at::stack(at::_foreach_norm(gradients, 2)).norm().item<double>();
  if (max_norm > 0 && norm > max_norm) at::_foreach_mul_(gradients, max_norm / (norm + 1e-6));
  return norm;
}

NamedTensors AdamW::state() const {
  NamedTensors all;
  for (const Group& group : groups_) {
    for (size_t i = 0; i < group.values.size(); ++i) {
      const std::string& name = group.parameters.parameters[i].name;
      all.push_back({"exp_avg." + name, group.first[i]});
      all.push_back({"exp_avg_sq." + name, group.second[i]});
      all.push_back({"step." + name, group.steps[i]});
    }
  }
  return all;
}

int64_t AdamW::trainable_elements() const {
  int64_t total = 0;
  for (const Group& group : groups_) total += count_elements(group.parameters.parameters);
  return total;
}

}  // namespace repbench
