#pragma once

#include <memory>
#include <vector>

#include "pretrain/models/vit.h"
#include "pretrain/objective.h"
#include "pretrain/objectives/masking.h"

namespace repbench {

struct MaeOptions {
  double mask_ratio = 0.75;
  int64_t decoder_depth = 8;
  int64_t decoder_width = 512;
  int64_t decoder_heads = 16;
  bool norm_pix = true;

  void describe(Options& options);
};

/// A masked autoencoder (He et al., "Masked Autoencoders Are Scalable Vision Learners", CVPR 2022): the
/// encoder sees only the kept patches; a light decoder with one shared, learned mask token predicts the
/// pixels of the others.
class Mae final : public Objective {
 public:
  /// `encoder` is a Vit. Parameters are as given (encoder) or zero (decoder) until initialised or loaded.
  Mae(std::unique_ptr<Vit> encoder, const MaeOptions& options);

  Measurements step(const Batch& batch, StepContext& context) override;
  std::vector<ParameterGroup> parameter_groups(double weight_decay) override;
  Encoder& encoder() override { return *encoder_; }
  NamedTensors own_tensors() override { return decoder_parameters_; }
  int64_t forward_macs() const override;

  /// images [B, C, H, W] float, normalised. The latent is [B, 1 + kept, D], after the encoder's norm.
  at::Tensor encode(const at::Tensor& images, const Masking& masking, const StageContext& context) const;

  /// [B, 1 + kept, D] -> the predicted patches [B, N, p * p * C] fp32.
  at::Tensor decode(const at::Tensor& latent, const at::Tensor& ids_restore,
                    const StageContext& context) const;

  /// Mean squared error over removed patches: per patch the mean over its values, then sum / number removed
  /// in the batch. With norm_pix the target patches are standardised (unbiased variance, 1e-6).
  at::Tensor loss(const at::Tensor& images, const at::Tensor& prediction, const at::Tensor& mask) const;

  /// [B, C, H, W] -> [B, N, p * p * C], channel last within a patch; and back.
  at::Tensor patchify(const at::Tensor& images) const;
  at::Tensor unpatchify(const at::Tensor& patches) const;

  const MaeOptions& options() const { return options_; }

 private:
  std::unique_ptr<Vit> encoder_;
  MaeOptions options_;
  Linear decoder_embed;          // [D_dec, D]
  at::Tensor mask_token;         // [1, 1, D_dec]
  at::Tensor decoder_pos_embed;  // [1, 1 + N, D_dec], sin-cos, not trained
  std::vector<Block> decoder_blocks;
  LayerNorm decoder_norm;
  Linear decoder_pred;  // [p * p * C, D_dec]
  NamedTensors decoder_parameters_;
};

std::unique_ptr<Recipe> make_mae_recipe();

}  // namespace repbench
