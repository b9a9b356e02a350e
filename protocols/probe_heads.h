#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pretrain/models/transformer.h"
#include "pretrain/objective.h"

namespace repbench {

/// Linear heads on features of a frozen encoder, which learn side by side: each picture goes through the
/// encoder once for all of them (DINOv2's linear evaluation). Each head's cross-entropy moves that head
/// alone, so it becomes what it would alone, to the bit. Features may pass a batch norm without affine
/// parameters, of batch statistics in training and running ones after it (MAE's linear probing, He et al.
/// 2022, appendix A.1). A head whose loss is not finite is dropped and the others go on; the loss that is
/// measured is the mean over those that are left, NaN if there are none.
class ProbeHeads final : public Objective {
 public:
  struct Settings {
    std::vector<std::string> taps;  // inputs, of parts as in protocols/joined_taps.h
    std::vector<double> base_lrs;   // on every tap a head for each
    double trainer_base_lr = 1;     // TrainOptions::base_lr, which a head's rate is a multiple of
    bool batch_norm = true;
    double head_std = 0.01;  // of the weights at first; biases begin at 0
    int64_t classes = 0;
    uint64_t seed = 0;  // of the weights: heads of one width begin alike
    at::Device device = at::Device(at::kCPU);
  };

  struct Head {
    size_t input = 0;  // which tap
    double base_lr = 0;
    Linear linear;            // [K, D] float32
    int64_t diverged_at = 0;  // the step, from 1, whose loss was not finite; 0: none
  };

  /// `widths` of the taps' parts, in the order of distinct_parts. With a null encoder batches carry features
  /// [B, D], the parts side by side in that order. The encoder is not changed.
  ProbeHeads(std::unique_ptr<Encoder> encoder, const std::vector<std::pair<std::string, int64_t>>& widths,
             const Settings& settings);

  Measurements step(const Batch& batch, StepContext& context) override;
  std::vector<ParameterGroup> parameter_groups(double weight_decay) override;

  /// Throws std::logic_error without an encoder.
  Encoder& encoder() override;
  NamedTensors own_tensors() override;
  int64_t forward_macs() const override;

  /// Tap by tap, on each the learning rates in their order.
  const std::vector<Head>& heads() const { return heads_; }
  const std::string& tap_of(size_t head) const { return settings_.taps[heads_[head].input]; }

  /// Class scores [N, K] float32 on the CPU of parts' features [N, d].
  at::Tensor scores(size_t head, const std::map<std::string, at::Tensor>& by_part) const;

  /// Weight [K, D] and bias [K] float64 on the CPU, the batch norm folded in.
  std::pair<at::Tensor, at::Tensor> folded(size_t head) const;

 private:
  struct Norm {
    at::Tensor running_mean, running_var;  // [D] float32; undefined without batch norm
  };
  std::map<std::string, at::Tensor> parts_in(const Batch& batch, at::ScalarType compute) const;
  at::Tensor input_of(size_t input, const std::map<std::string, at::Tensor>& by_part, bool training) const;
  /// Drops the heads whose loss [] is not finite; the mean of the others.
  double drop_diverged(const std::vector<size_t>& live, const std::vector<at::Tensor>& losses, int64_t step);

  std::unique_ptr<Encoder> encoder_;
  std::vector<std::pair<std::string, int64_t>> widths_;
  std::vector<std::string> parts_;
  Settings settings_;
  std::vector<Norm> norms_;  // one a tap
  std::vector<Head> heads_;
};

}  // namespace repbench
