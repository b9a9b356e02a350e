#pragma once

#include <memory>
#include <string>
#include <vector>

#include "configs/options.h"
#include "pretrain/encoder.h"
#include "pretrain/models/modified_resnet.h"
#include "pretrain/models/text_transformer.h"

namespace repbench {

/// CLIP with a modified ResNet (Radford et al. 2021, Table 19), under open_clip's names.
struct ClipResnetOptions {
  std::string name = "custom";
  int64_t image_size = 224;
  int64_t channels = 3;
  std::vector<int64_t> layers = {3, 4, 6, 3};
  int64_t width = 64;
  int64_t heads = 32;
  int64_t embed_dim = 1024;
  std::string activation = "quick_gelu";  // of the text side
  TextOptions text;
  TextVariant text_variant;

  void describe(Options& options);

  /// A named size (RN50, RN101, RN50x4, RN50x16, RN50x64) sets both towers and the input's side. Throws
  /// std::invalid_argument if a size does not divide, or if there are not four layers.
  void resolve();
};

/// What make_clip_resnet takes.
Json clip_resnet_config(ClipResnetOptions options);

/// For judging weights, not for pretraining: batch norms never leave their stored statistics, which are
/// listed among the parameters and take no gradients. Stages: stem, layer1.0 ... layer4.J, attnpool,
/// projection.
class ClipResnet final : public Encoder {
 public:
  /// Parameters are zero (norms: the identity) until initialised or loaded.
  ClipResnet(const ClipResnetOptions& options, InputSpec input, std::shared_ptr<const Tokenizer> tokenizer);

  std::string kind() const override { return "clip_resnet"; }
  Json config() const override { return clip_resnet_config(options_); }
  const InputSpec& input() const override { return input_; }
  const std::vector<Stage>& stages() const override { return stages_; }
  at::Tensor forward(at::Tensor x, int64_t from, int64_t to, const StageContext& context) const override;

  /// `mean` of the last map [B, D], D = 32 width, and the map itself, `tokens` [B, H W, D] (rows first);
  /// `pooled` [B, D], attention's pooling before its last projection; `projected` [B, E];
  /// `layer:K:mean` of the map after layer K, 1 to 4.
  std::map<std::string, at::Tensor> features(const at::Tensor& images, std::span<const std::string> taps,
                                             const StageContext& context) const override;
  int64_t prefix_tokens() const override { return 0; }
  std::vector<std::string> default_taps() const override { return {"mean", "pooled"}; }
  int64_t macs(int64_t from, int64_t to, int64_t tokens) const override;
  std::unique_ptr<Encoder> clone() const override;
  void initialise(uint64_t seed) override;
  const TextTransformer* text() const override { return &text_; }

 private:
  ClipResnetOptions options_;
  InputSpec input_;
  ModifiedResnet visual_;
  TextTransformer text_;
  std::vector<Stage> stages_;
};

}  // namespace repbench
