#pragma once

#include <memory>
#include <string>
#include <vector>

#include "configs/options.h"
#include "pretrain/encoder.h"
#include "pretrain/models/transformer.h"

namespace repbench {

/// A plain ViT with a class token, as MAE uses it (Dosovitskiy et al. 2021, Table 1; He et al. 2022).
struct VitOptions {
  std::string name = "custom";
  int64_t image_size = 224;
  int64_t patch_size = 16;
  int64_t channels = 3;
  int64_t width = 192;
  int64_t depth = 12;
  int64_t heads = 3;
  double mlp_ratio = 4.0;
  double norm_eps = 1e-6;

  void describe(Options& options);

  /// A named size (vit_tiny ... vit_huge) sets width, depth and heads, and 14-pixel patches for vit_huge.
  /// Throws std::invalid_argument if a size does not divide.
  void resolve();

  int64_t grid() const { return image_size / patch_size; }
  int64_t patches() const { return grid() * grid(); }
};

class Vit final : public Encoder {
 public:
  /// Parameters are zero (norms: one) until initialised or loaded; positions are sin-cos and not trained.
  Vit(const VitOptions& options, InputSpec input);

  std::string kind() const override { return "vit"; }
  Json config() const override;
  const InputSpec& input() const override { return input_; }
  const std::vector<Stage>& stages() const override { return stages_; }
  at::Tensor forward(at::Tensor x, int64_t from, int64_t to, const StageContext& context) const override;
  std::map<std::string, at::Tensor> features(const at::Tensor& images, std::span<const std::string> taps,
                                             const StageContext& context) const override;
  std::vector<std::string> default_taps() const override { return {"cls", "mean", "cls+mean"}; }
  int64_t macs(int64_t from, int64_t to, int64_t tokens) const override;
  std::unique_ptr<Encoder> clone() const override;
  void initialise(uint64_t seed) override;

  const VitOptions& options() const { return options_; }

 private:
  at::Tensor add_positions(const at::Tensor& patches) const;
  void list_stages();

  VitOptions options_;
  InputSpec input_;
  at::Tensor cls_token;  // [1, 1, D]
  at::Tensor pos_embed;  // [1, 1 + N, D]
  Linear patch_embed;    // weight [D, C, p, p], as timm stores the convolution
  std::vector<Block> blocks;
  LayerNorm norm;
  std::vector<Stage> stages_;
};

}  // namespace repbench
