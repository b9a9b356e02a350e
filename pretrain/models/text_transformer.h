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

/// In what text sides made elsewhere differ from those that are trained here.
struct TextVariant {
  int64_t vocabulary = 0;  // number of ids; 0: the tokenizer's
  int64_t end_token = -1;  // the id that ends a text; -1: the highest id that it holds, OpenAI's rule
  double mlp_ratio = 4.0;

  void describe(Options& options);
};

/// CLIP's text side (Radford et al. 2021, section 2.4): a causal transformer whose output at EOT, the highest
/// id, is normed and projected. Parameters carry open_clip's names.
class TextTransformer final : public TextSide {
 public:
  /// Without a tokenizer it takes ids alone. Throws std::invalid_argument if the tokenizer's ids are not
  /// `variant.vocabulary` many, or if neither says how many there are.
  TextTransformer(const TextOptions& options, const TextVariant& variant, int64_t embed_dim,
                  Activation activation, std::shared_ptr<const Tokenizer> tokenizer);

  std::shared_ptr<const Tokenizer> tokenizer() const override { return tokenizer_; }
  int64_t vocabulary_size() const override { return token_embedding_.size(0); }
  int64_t context_length() const override { return options_.context_length; }
  at::Tensor features(const at::Tensor& tokens, const StageContext& context) const override;
  double scale() const override;
  const NamedTensors& parameters() const override { return parameters_; }
  int64_t macs(int64_t tokens) const override;

  at::Tensor logit_scale;  // [], ln of the factor on cosines

 private:
  at::Tensor end_positions(const at::Tensor& tokens) const;

  TextOptions options_;
  TextVariant variant_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  at::Tensor token_embedding_;       // [V, D]
  at::Tensor positional_embedding_;  // [context_length, D]
  std::vector<Block> blocks_;
  LayerNorm ln_final_;
  at::Tensor text_projection_;  // [D, E]
  NamedTensors parameters_;
};

}  // namespace repbench
