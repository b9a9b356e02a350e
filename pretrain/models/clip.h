#pragma once

#include <memory>
#include <string>
#include <vector>

#include "configs/options.h"
#include "pretrain/encoder.h"
#include "pretrain/models/text_transformer.h"
#include "pretrain/models/transformer.h"

namespace repbench {

/// CLIP with a Vision Transformer (Radford et al. 2021, Table 20), open_clip's names.
struct ClipOptions {
  std::string name = "custom";
  int64_t image_size = 224;
  int64_t patch_size = 32;
  int64_t channels = 3;
  int64_t width = 768;
  int64_t depth = 12;
  int64_t heads = 12;
  std::string activation = "quick_gelu";
  int64_t embed_dim = 512;
  TextOptions text;

  // In what CLIPs made elsewhere differ from those that are trained here.
  double mlp_ratio = 4.0;
  std::string position_resize = "antialias";  // as open_clip's; "bicubic": Hugging Face's
  TextVariant text_variant;

  void describe(Options& options);
  void describe_variant(Options& options);

  /// A named size (ViT-B-32, ViT-B-16, ViT-L-14) sets both towers. Throws std::invalid_argument if a size
  /// does not divide.
  void resolve();

  int64_t patches() const { return (image_size / patch_size) * (image_size / patch_size); }
};

/// What make_clip takes, in full.
Json clip_config(ClipOptions options);

class Clip final : public Encoder {
 public:
  /// Parameters are zero (norms: one) until initialised or loaded.
  Clip(const ClipOptions& options, InputSpec input, std::shared_ptr<const Tokenizer> tokenizer);

  std::string kind() const override { return "clip"; }
  Json config() const override {
    return without_plain_variant(clip_config(options_), clip_config(ClipOptions()));
  }
  const InputSpec& input() const override { return input_; }
  const std::vector<Stage>& stages() const override { return stages_; }
  at::Tensor forward(at::Tensor x, int64_t from, int64_t to, const StageContext& context) const override;
  std::map<std::string, at::Tensor> features(const at::Tensor& images, std::span<const std::string> taps,
                                             const StageContext& context) const override;
  std::vector<std::string> default_taps() const override { return {"cls", "mean", "cls+mean"}; }
  int64_t macs(int64_t from, int64_t to, int64_t tokens) const override;
  std::unique_ptr<Encoder> clone() const override;
  void initialise(uint64_t seed) override;
  const TextTransformer* text() const override { return &text_; }

  const ClipOptions& options() const { return options_; }

 private:
  at::Tensor add_positions(const at::Tensor& patches) const;
  void list_stages();

  ClipOptions options_;
  InputSpec input_;
  Linear conv1_;                     // weight [D, C, p, p], no bias
  at::Tensor class_embedding_;       // [D]
  at::Tensor positional_embedding_;  // [1 + N, D], learned
  LayerNorm ln_pre_, ln_post_;
  Blocks blocks_;
  at::Tensor proj_;  // [D, E]
  TextTransformer text_;
  std::vector<Stage> stages_;
};

}  // namespace repbench
