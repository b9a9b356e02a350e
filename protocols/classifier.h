#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "pretrain/mixing.h"
#include "pretrain/objective.h"
#include "protocols/classifier_head.h"
#include "protocols/layer_decay.h"
#include "protocols/weight_average.h"

namespace repbench {

/// Cross-entropy on a pooled feature of an encoder of which only the stages from `first_stage` on are tuned
/// (none of them if it is the number of stages), plus a head. Stages before run without gradients and without
/// chance, so that what they give may be computed once (protocols/prefix_source.h).
class Classifier final : public Objective {
 public:
  struct Settings {
    std::string tap = "mean";  // how the last tokens are pooled: "cls" or "mean"

    /// With fc_norm, which follows pooling, the encoder's final norm of the tokens is left out. An encoder
    /// that norms what is pooled keeps its own.
    HeadNorm head_norm = HeadNorm::batch;
    double head_std = 0.01;  // of the head's first weights
    int64_t classes = 0;
    int64_t first_stage = 0;
    double layer_decay = 1.0;  // learning-rate factor from one block to the one below
    LayerDecayRule layer_decay_rule = LayerDecayRule::mae;
    double drop_path = 0.0;  // rate of the last block (pretrain/encoder.h)
    double label_smoothing = 0.0;
    double mixup = 0.0, cutmix = 0.0;  // alphas; 0: never (pretrain/mixing.h)
    double ema = 0.0;                  // decay of the weights' average; 0: none is kept
    uint64_t seed = 0;                 // of the head
  };

  /// The encoder is tuned in place. Throws std::invalid_argument if it carries no tokens.
  Classifier(std::unique_ptr<Encoder> encoder, const Settings& settings);

  /// Of pictures, or of what `prefix` gives of them in Batch::features.
  Measurements step(const Batch& batch, StepContext& context) override;

  /// With a mix that is drawn elsewhere.
  Measurements step_mixed(const Batch& batch, const Mix& mix, StepContext& context);

  void after_step(const StepContext& context) override;
  std::vector<ParameterGroup> parameter_groups(double weight_decay) override;
  Encoder& encoder() override { return *encoder_; }
  NamedTensors own_tensors() override;
  int64_t forward_macs() const override;

  /// What the frozen stages give of images [B, C, H, W] float, normalised, fp32: tokens [B, N, D]; images as
  /// they are where nothing is frozen; the pooled feature [B, D] where no stage is tuned.
  at::Tensor prefix(const at::Tensor& images, at::ScalarType compute) const;

  /// Class scores [B, K] fp32 of what `prefix` gives.
  at::Tensor scores_behind(const at::Tensor& prefix, const StageContext& context) const;

  /// Class scores [B, K] fp32 of a uint8 view.
  at::Tensor scores(const View& view, const StageContext& context) const;

  const ClassifierHead& head() const { return head_; }
  bool averages() const { return average_.has_value(); }

  /// Weights and their average change places. Throws std::logic_error where none is kept.
  void swap_average();

  /// Elements of the tuned stages and the head, counted from the stages' lists.
  int64_t expected_trainable() const;

  /// sha256 over the encoder's stages that must not change.
  std::string frozen_hash() const;

 private:
  bool is_tuned(int64_t stage) const { return stage >= settings_.first_stage && stage < end_; }

  std::unique_ptr<Encoder> encoder_;
  Settings settings_;
  int64_t end_ = 0;  // of the stages that run
  ClassifierHead head_;
  std::optional<WeightAverage> average_;
};

/// Number of transformer blocks; 0 for an encoder without.
int64_t depth_of(const Encoder& encoder);

/// The stage from which on the last `blocks` blocks are tuned: a number of blocks, "0.5" (the last block's
/// MLP) or "all" (everything, stem included). Throws std::invalid_argument listing what is possible.
int64_t first_tuned_stage(const Encoder& encoder, const std::string& blocks);

}  // namespace repbench
