#pragma once

#include <cstdint>
#include <vector>

#include "pretrain/objective.h"

namespace repbench {

struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.95;
  double eps = 1e-8;
};

/// AdamW (Loshchilov and Hutter 2019) by at::_fused_adamw_: one call a group.
class AdamW {
 public:
  AdamW(std::vector<ParameterGroup> groups, const AdamWOptions& options);

  /// One update from the parameters' gradients; parameters without a gradient stay as they are.
  void step(double learning_rate, int64_t step);

  void zero_gradients();

  /// Scales all gradients so that their joint 2-norm is at most `max_norm` (0: leave them). Returns the norm
  /// before.
  double clip_gradients(double max_norm);

  /// Moments and step counts, named exp_avg.NAME, exp_avg_sq.NAME, step.NAME. Writing to them restores a
  /// state.
  NamedTensors state() const;

  int64_t trainable_elements() const;

 private:
  struct Group {
    ParameterGroup parameters;
    std::vector<at::Tensor> values, first, second, steps;
  };
  std::vector<Group> groups_;
  AdamWOptions options_;
};

}  // namespace repbench
