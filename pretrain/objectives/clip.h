#pragma once

#include <memory>

#include "pretrain/models/clip.h"
#include "pretrain/objective.h"

namespace repbench {

/// Contrastive learning of pictures and texts (Radford et al., "Learning Transferable Visual Models From
/// Natural Language Supervision", ICML 2021, Figure 3): symmetric cross-entropy over a batch's cosines times
/// a learned factor, which never exceeds 100.
class ClipObjective final : public Objective {
 public:
  explicit ClipObjective(std::unique_ptr<Clip> encoder);

  /// Needs batch.tokens. A micro-batch contrasts its own pairs only.
  Measurements step(const Batch& batch, StepContext& context) override;
  std::vector<ParameterGroup> parameter_groups(double weight_decay) override;
  Encoder& encoder() override { return *encoder_; }
  NamedTensors own_tensors() override { return {}; }
  void after_step(const StepContext& context) override;
  int64_t forward_macs() const override;

 private:
  std::unique_ptr<Clip> encoder_;
};

/// Mean of both directions' cross-entropies. `image` and `text` [B, E] fp32, any length; `logit_scale` [] is
/// the factor's logarithm.
at::Tensor clip_loss(const at::Tensor& image, const at::Tensor& text, const at::Tensor& logit_scale);

std::unique_ptr<Recipe> make_clip_recipe();

}  // namespace repbench
