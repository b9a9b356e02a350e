#include "pretrain/optimizer.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <cmath>

namespace repbench {

void Optimizer::zero_gradients() {
  for (ParameterGroup& group : groups_) {
    for (NamedTensor& named : group.parameters) named.tensor.mutable_grad().reset();
  }
}

double Optimizer::clip_gradients(double max_norm) {
  const c10::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const ParameterGroup& group : groups_) {
    for (const NamedTensor& named : group.parameters) {
      if (named.tensor.grad().defined()) gradients.push_back(named.tensor.grad());
    }
  }
  if (gradients.empty()) return 0.0;
  const double norm = at::stack(at::_foreach_norm(gradients, 2)).norm().item<double>();
  if (max_norm > 0 && norm > max_norm) at::_foreach_mul_(gradients, max_norm / (norm + 1e-6));
  return norm;
}

int64_t Optimizer::trainable_elements() const {
  int64_t total = 0;
  for (const ParameterGroup& group : groups_) total += count_elements(group.parameters);
  return total;
}

AdamW::AdamW(std::vector<ParameterGroup> groups, const AdamWOptions& options)
    : Optimizer(std::move(groups)), options_(options) {
  for (const ParameterGroup& group : groups_) {
    Moments& moments = moments_.emplace_back();
    for (const NamedTensor& named : group.parameters) {
      moments.first.push_back(at::zeros_like(named.tensor));
      moments.second.push_back(at::zeros_like(named.tensor));
      moments.steps.push_back(at::zeros({}, named.tensor.options().requires_grad(false)));
    }
  }
}

void AdamW::step(double learning_rate, int64_t step) {
  const c10::NoGradGuard no_grad;
  for (size_t g = 0; g < groups_.size(); ++g) {
    const ParameterGroup& group = groups_[g];
    std::vector<at::Tensor> values, gradients, first, second, steps;
    for (size_t i = 0; i < group.parameters.size(); ++i) {
      const at::Tensor& value = group.parameters[i].tensor;
      if (!value.grad().defined()) continue;
      values.push_back(value);
      gradients.push_back(value.grad());
      first.push_back(moments_[g].first[i]);
      second.push_back(moments_[g].second[i]);
      steps.push_back(moments_[g].steps[i]);
    }
    if (values.empty()) continue;
    at::_foreach_add_(steps, 1);
    at::_fused_adamw_(values, gradients, first, second, {}, steps, learning_rate * group.lr_scale(step),
                      options_.beta1, options_.beta2, group.weight_decay(step), options_.eps,
                      /*amsgrad=*/false, /*maximize=*/false);
  }
}

NamedTensors AdamW::state() const {
  NamedTensors all;
  for (size_t g = 0; g < groups_.size(); ++g) {
    for (size_t i = 0; i < groups_[g].parameters.size(); ++i) {
      const std::string& name = groups_[g].parameters[i].name;
      all.push_back({"exp_avg." + name, moments_[g].first[i]});
      all.push_back({"exp_avg_sq." + name, moments_[g].second[i]});
      all.push_back({"step." + name, moments_[g].steps[i]});
    }
  }
  return all;
}

Sgd::Sgd(std::vector<ParameterGroup> groups, double momentum)
    : Optimizer(std::move(groups)), momentum_(momentum) {
  for (const ParameterGroup& group : groups_) {
    std::vector<at::Tensor>& velocity = velocity_.emplace_back();
    for (const NamedTensor& named : group.parameters)
      velocity.push_back(at::zeros_like(named.tensor).requires_grad_(false));
  }
}

void Sgd::step(double learning_rate, int64_t step) {
  const c10::NoGradGuard no_grad;
  for (size_t g = 0; g < groups_.size(); ++g) {
    const ParameterGroup& group = groups_[g];
    const double rate = learning_rate * group.lr_scale(step), decay = group.weight_decay(step);
    for (size_t i = 0; i < group.parameters.size(); ++i) {
      const at::Tensor& value = group.parameters[i].tensor;
      if (!value.grad().defined()) continue;
      velocity_[g][i].mul_(momentum_).add_(update(value, value.grad(), decay));
      value.add_(velocity_[g][i], -rate);
    }
  }
}

NamedTensors Sgd::state() const {
  NamedTensors all;
  for (size_t g = 0; g < groups_.size(); ++g) {
    for (size_t i = 0; i < groups_[g].parameters.size(); ++i)
      all.push_back({"momentum_buffer." + groups_[g].parameters[i].name, velocity_[g][i]});
  }
  return all;
}

at::Tensor Sgd::update(const at::Tensor& value, const at::Tensor& gradient, double weight_decay) const {
  return weight_decay == 0 ? gradient : gradient.add(value, weight_decay);
}

at::Tensor Lars::update(const at::Tensor& value, const at::Tensor& gradient, double weight_decay) const {
  constexpr double kTrust = 0.001;
  if (value.dim() <= 1) return gradient;
  const at::Tensor direction = gradient.add(value, weight_decay);
  const at::Tensor length = value.norm(), size = direction.norm();
  const at::Tensor scale =
      at::where((length > 0).logical_and(size > 0), kTrust * length / size, at::ones_like(length));
  return direction * scale;
}

}  // namespace repbench
