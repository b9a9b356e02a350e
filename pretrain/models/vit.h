#pragma once

#include <memory>
#include <string>
#include <vector>

#include "configs/options.h"
#include "pretrain/encoder.h"
#include "pretrain/models/transformer.h"

namespace repbench {

/// In what ViTs made elsewhere differ from MAE's, which is all defaults. Names are timm's.
struct VitVariant {
  bool class_token = true;
  bool distillation_token = false;  // DeiT's second token (Touvron et al. 2021, section 4)
  int64_t register_tokens = 0;      // behind the class token (Darcet et al. 2024)
  std::string positions = "fixed";  // sin-cos, not trained; or "learned"
  std::string positioned =
      "class";  // besides the patches: "none", "class", or "prefix" (all tokens before them)
  std::string position_resize = "bicubic";  // to another grid: "bicubic", "antialias" or "dinov2" (patches.h)
  bool patch_bias = true;
  bool norm_pre = false;  // a norm before the blocks, as in CLIP's image tower
  bool qkv_bias = true;
  bool layer_scale = false;
  std::string activation = "gelu";
  std::string final_norm = "tokens";  // norm; or "pooled": fc_norm on what is pooled

  void describe(Options& options);

  /// Tokens before the patches, and how many of them have positions.
  int64_t prefix() const { return (class_token ? 1 : 0) + (distillation_token ? 1 : 0) + register_tokens; }
  int64_t positioned_prefix() const;
};

/// A plain ViT (Dosovitskiy et al. 2021, Table 1; He et al. 2022) and its variants.
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
  VitVariant variant;  // of foreign weights: no option of pretraining

  void describe(Options& options);

  /// A named size (vit_tiny ... vit_huge) sets width, depth and heads, and 14-pixel patches for vit_huge.
  /// Throws std::invalid_argument if a size does not divide.
  void resolve();

  int64_t grid() const { return image_size / patch_size; }
  int64_t patches() const { return grid() * grid(); }
};

/// What make_vit takes, in full.
Json vit_config(VitOptions options);

class Vit final : public Encoder {
 public:
  /// Parameters are zero (norms and layer scales: one, positions sin-cos) until initialised or loaded.
  Vit(const VitOptions& options, InputSpec input);

  std::string kind() const override { return "vit"; }
  Json config() const override {
    return without_plain_variant(vit_config(options_), vit_config(VitOptions()));
  }
  const InputSpec& input() const override { return input_; }
  const std::vector<Stage>& stages() const override { return stages_; }
  at::Tensor forward(at::Tensor x, int64_t from, int64_t to, const StageContext& context) const override;
  std::map<std::string, at::Tensor> features(const at::Tensor& images, std::span<const std::string> taps,
                                             const StageContext& context) const override;
  std::vector<std::string> default_taps() const override;
  int64_t prefix_tokens() const override { return options_.variant.prefix(); }
  at::Tensor pool(const at::Tensor& tokens, std::string_view how) const override;
  int64_t macs(int64_t from, int64_t to, int64_t tokens) const override;
  std::unique_ptr<Encoder> clone() const override;
  void initialise(uint64_t seed) override;

  const VitOptions& options() const { return options_; }

 private:
  at::Tensor prefix() const;
  at::Tensor add_positions(const at::Tensor& patches) const;
  void list_stages();

  VitOptions options_;
  InputSpec input_;
  at::Tensor cls_token, dist_token;  // [1, 1, D], or undefined
  at::Tensor reg_token;              // [1, R, D], or undefined
  at::Tensor pos_embed;              // [1, P + N, D], P of the prefix tokens have positions
  Linear patch_embed;                // weight [D, C, p, p], as timm stores the convolution
  LayerNorm norm_pre;
  Blocks blocks;
  LayerNorm norm;  // fc_norm where it follows pooling
  std::vector<Stage> stages_;
};

}  // namespace repbench
