#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "pretrain/models/transformer.h"
#include "pretrain/objective.h"

namespace repbench {

/// Cross-entropy on a pooled feature of an encoder of which only the stages from `first_stage` on are tuned
/// (none of them if it is the number of stages), plus a linear head. Stages before run without gradients.
/// The pooled feature may pass a batch norm without affine parameters, as in MAE's linear probing (He et al.
/// 2022, appendix A.1): the head then learns at one rate whatever the encoder's scale.
class Classifier final : public Objective {
 public:
  struct Settings {
    std::string tap = "mean";  // how the last tokens are pooled: "cls" or "mean"
    bool batch_norm = true;    // before the head
    int64_t classes = 0;
    int64_t first_stage = 0;
    double layer_decay =
        1.0;  // learning-rate factor from one block to the one below (BEiT's rule, as in MAE)
    double label_smoothing = 0.0;
    double mixup = 0.0, cutmix = 0.0;  // alphas; 0: never (pretrain/mixing.h)
    uint64_t seed = 0;                 // of the head
  };

  /// The encoder is tuned in place. Throws std::invalid_argument if it carries no tokens.
  Classifier(std::unique_ptr<Encoder> encoder, const Settings& settings);

  Measurements step(const Batch& batch, StepContext& context) override;
  std::vector<ParameterGroup> parameter_groups(double weight_decay) override;
  Encoder& encoder() override { return *encoder_; }
  NamedTensors own_tensors() override;
  int64_t forward_macs() const override;

  /// Class scores [B, K] fp32 of a uint8 view.
  at::Tensor scores(const View& view, const StageContext& context) const;

  /// Elements of the tuned stages and the head, counted from the stages' lists.
  int64_t expected_trainable() const;

  /// sha256 over the stages that must not change.
  std::string frozen_hash() const;

 private:
  /// Of images [B, C, H, W] float, normalised.
  at::Tensor scores_of(const at::Tensor& images, const StageContext& context) const;

  std::unique_ptr<Encoder> encoder_;
  Settings settings_;
  Linear head_;                            // weight [K, D] normal 0.01, bias 0
  at::Tensor running_mean_, running_var_;  // [D], the batch norm's
};

/// Number of transformer blocks; 0 for an encoder without.
int64_t depth_of(const Encoder& encoder);

/// The stage from which on the last `blocks` blocks are tuned: a number of blocks, "0.5" (the last block's
/// MLP) or "all" (everything, stem included). Throws std::invalid_argument listing what is possible.
int64_t first_tuned_stage(const Encoder& encoder, const std::string& blocks);

}  // namespace repbench
