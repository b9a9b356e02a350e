#include "pretrain/models/text_transformer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace repbench {
namespace {

constexpr double kEps = 1e-5;

void check_tokens(const at::Tensor& tokens, int64_t context, int64_t vocabulary) {
  if (tokens.dim() != 2 || tokens.size(0) < 1 || tokens.size(1) < 1 || tokens.size(1) > context) {
    throw std::invalid_argument(
        fmt::format("[clip] expected tokens [B, N], N from 1 to the context length {}; got {} x {}", context,
                    tokens.size(0), tokens.size(-1)));
  }
  const auto lowest = tokens.min().item<int64_t>(), highest = tokens.max().item<int64_t>();
  if (lowest < 0 || highest >= vocabulary) {
    throw std::invalid_argument(
        fmt::format("[clip] expected token ids in [0, {}); got {} to {}", vocabulary, lowest, highest));
  }
}

int64_t vocabulary_of(const TextVariant& variant, const Tokenizer* tokenizer) {
  const int64_t ids = tokenizer != nullptr ? tokenizer->vocabulary_size() : variant.vocabulary;
  if (ids == 0) throw std::invalid_argument("[clip] expected a tokenizer for the text side; got none");
  if (variant.vocabulary != 0 && variant.vocabulary != ids) {
    throw std::invalid_argument(
        fmt::format("[clip] expected a tokenizer of {} ids; got one of {}", variant.vocabulary, ids));
  }
  return ids;
}

}  // namespace

void TextVariant::describe(Options& options) {
  options.add("vocabulary", &vocabulary,
              {.help = "number of token ids", .minimum = 0, .maximum = 1e7, .zero = "tokenizer"});
  options.add(
      "end_token", &end_token,
      {.help = "the id that ends a text; -1: the highest that it holds", .minimum = -1, .maximum = 1e7});
  options.add("mlp_ratio", &mlp_ratio, {.help = "MLP width / token width", .minimum = 0.1, .maximum = 16});
}

void TextOptions::describe(Options& options) {
  options.add("context_length", &context_length,
              {.help = "tokens of a text, SOT and EOT included", .minimum = 2, .maximum = 4096});
  options.add("width", &width, {.help = "token width", .minimum = 4, .maximum = 16384});
  options.add("depth", &depth, {.help = "number of blocks", .unit = "blocks", .minimum = 1, .maximum = 256});
  options.add("heads", &heads, {.help = "attention heads; divides width", .minimum = 1, .maximum = 256});
}

TextTransformer::TextTransformer(const TextOptions& options, const TextVariant& variant, int64_t embed_dim,
                                 Activation activation, std::shared_ptr<const Tokenizer> tokenizer)
    : logit_scale(at::full({}, std::log(1.0 / 0.07))),
      options_(options),
      variant_(variant),
      tokenizer_(std::move(tokenizer)),
      positional_embedding_(at::zeros({options.context_length, options.width})),
      ln_final_(options.width, kEps),
      text_projection_(at::zeros({options.width, embed_dim})) {
  token_embedding_ = at::zeros({vocabulary_of(variant_, tokenizer_.get()), options_.width});
  parameters_ = {{"positional_embedding", positional_embedding_},
                 {"text_projection", text_projection_},
                 {"logit_scale", logit_scale},
                 {"token_embedding.weight", token_embedding_}};
  for (int64_t k = 0; k < options_.depth; ++k) {
    const Block block({.width = options_.width,
                       .heads = options_.heads,
                       .mlp_ratio = variant_.mlp_ratio,
                       .eps = kEps,
                       .activation = activation,
                       .causal = true});
    const std::string prefix = fmt::format("transformer.resblocks.{}", k);
    block.list_attention(prefix, parameters_, Naming::open_clip);
    block.list_mlp(prefix, parameters_, Naming::open_clip);
    blocks_.push_back(block);
  }
  ln_final_.list("ln_final", parameters_);
}

/// Place of the first id in every row of [B, N] that ends a text.
at::Tensor TextTransformer::end_positions(const at::Tensor& tokens) const {
  const at::Tensor is_end = variant_.end_token < 0 ? tokens.eq(std::get<0>(tokens.max(1, /*keepdim=*/true)))
                                                   : tokens.eq(variant_.end_token);
  if (!is_end.any(1).all().item<bool>()) {
    throw std::invalid_argument(
        fmt::format("[clip] expected the id {} at the end of every text; got none", variant_.end_token));
  }
  return is_end.cumsum(1).eq(0).sum(1);
}

at::Tensor TextTransformer::features(const at::Tensor& given, const StageContext& context) const {
  check_tokens(given, options_.context_length, token_embedding_.size(0));
  const at::Tensor ends = end_positions(given);
  // Attention is causal: what stands behind the last EOT of the batch need not be computed.
  const int64_t length = ends.max().item<int64_t>() + 1;
  const at::Tensor tokens = given.narrow(1, 0, length).to(token_embedding_.device());
  at::Tensor x =
      at::embedding(token_embedding_, tokens).to(at::kFloat) + positional_embedding_.narrow(0, 0, length);
  for (const Block& block : blocks_) x = block.transform(block.attend(x, context), context);
  const at::Tensor index = ends.to(x.device()).view({-1, 1, 1}).expand({-1, 1, x.size(2)});
  const at::Tensor last = ln_final_(x.gather(1, index).squeeze(1));
  return at::matmul(last.to(context.compute), text_projection_.to(context.compute)).to(at::kFloat);
}

double TextTransformer::scale() const { return std::exp(logit_scale.item<double>()); }

int64_t TextTransformer::macs(int64_t tokens) const {
  int64_t total = text_projection_.numel();
  for (const Block& block : blocks_) total += block.attention_macs(tokens) + block.mlp_macs(tokens);
  return total;
}

}  // namespace repbench
