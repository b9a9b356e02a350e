#pragma once

#include <memory>
#include <vector>

#include "configs/options.h"
#include "pretrain/encoder.h"
#include "pretrain/models/transformer.h"

namespace repbench {

struct TextOptions {
  int64_t context_length = 77;
  int64_t width = 512;
  int64_t depth = 12;
  int64_t heads = 8;

  void describe(Options& options);
};

/// CLIP's text side (Radford et al. 2021, section 2.4): a causal transformer whose output at EOT, the highest
/// id, is normed and projected. Parameters carry open_clip's names.
class TextTransformer final : public TextSide {
 public:
  TextTransformer(const TextOptions& options, int64_t embed_dim, Activation activation,
                  std::shared_ptr<const Tokenizer> tokenizer);

  std::shared_ptr<const Tokenizer> tokenizer() const override { return tokenizer_; }
  int64_t context_length() const override { return options_.context_length; }
  at::Tensor features(const at::Tensor& tokens, const StageContext& context) const override;
  double scale() const override;
  const NamedTensors& parameters() const override { return parameters_; }
  int64_t macs(int64_t tokens) const override;

  at::Tensor logit_scale;  // [], ln of the factor on cosines

 private:
  TextOptions options_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  at::Tensor token_embedding_;       // [V, D]
  at::Tensor positional_embedding_;  // [context_length, D]
  std::vector<Block> blocks_;
  LayerNorm ln_final_;
  at::Tensor text_projection_;  // [D, E]
  NamedTensors parameters_;
};

}  // namespace repbench
