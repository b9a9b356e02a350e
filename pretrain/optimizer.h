#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "pretrain/objective.h"

namespace repbench {

/// Updates parameters from their gradients; parameters without a gradient stay as they are.
class Optimizer {
 public:
  explicit Optimizer(std::vector<ParameterGroup> groups) : groups_(std::move(groups)) {}
  virtual ~Optimizer() = default;

  virtual void step(double learning_rate, int64_t step) = 0;

  /// What must survive a restart, named KIND.PARAMETER. Writing to the tensors restores a state.
  virtual NamedTensors state() const = 0;

  void zero_gradients();

  /// Scales all gradients so that their joint 2-norm is at most `max_norm` (0: leave them). Returns the norm
  /// before.
  double clip_gradients(double max_norm);

  int64_t trainable_elements() const;

 protected:
  std::vector<ParameterGroup> groups_;
};

struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.95;
  double eps = 1e-8;
};

/// AdamW (Loshchilov and Hutter 2019) by at::_fused_adamw_: one call a group. State: exp_avg, exp_avg_sq,
/// step.
class AdamW final : public Optimizer {
 public:
  AdamW(std::vector<ParameterGroup> groups, const AdamWOptions& options);

  void step(double learning_rate, int64_t step) override;
  NamedTensors state() const override;

 private:
  struct Moments {
    std::vector<at::Tensor> first, second, steps;  // as the group's parameters
  };
  std::vector<Moments> moments_;
  AdamWOptions options_;
};

/// Stochastic gradient descent with heavy-ball momentum, as PyTorch's: v = momentum v + (g + decay w), w -=
/// lr v. State: momentum_buffer.
class Sgd : public Optimizer {
 public:
  Sgd(std::vector<ParameterGroup> groups, double momentum);

  void step(double learning_rate, int64_t step) override;
  NamedTensors state() const override;

 private:
  /// What is added to the momentum.
  virtual at::Tensor update(const at::Tensor& value, const at::Tensor& gradient, double weight_decay) const;

  std::vector<std::vector<at::Tensor>> velocity_;  // as the groups' parameters
  double momentum_;
};

/// LARS (You et al. 2017) as in MoCo v3 and MAE's linear probing: of tensors with two and more dimensions the
/// gradient, weight decay included, is scaled by 0.001 |w| / |gradient| before it is added to the momentum
/// (by 1 where either norm is 0); vectors are neither scaled nor decayed.
class Lars final : public Sgd {
 public:
  using Sgd::Sgd;

 private:
  at::Tensor update(const at::Tensor& value, const at::Tensor& gradient, double weight_decay) const override;
};

}  // namespace repbench
