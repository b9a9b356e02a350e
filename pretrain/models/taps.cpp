#include "pretrain/models/taps.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace repbench {
namespace {

std::vector<std::string> pools_of(const Encoder& encoder) {
  if (encoder.prefix_tokens() == 0) return {"mean", "tokens"};
  return {"cls", "mean", "cls+mean", "tokens"};
}

struct Tap {
  std::string text;
  int64_t block = -1;   // -1: after the last norm
  bool normed = false;  // what comes out of the block goes through the last norm
  std::string pool;
};

/// "POOL", "block:K:POOL" or "block:K:norm:POOL"; throws for any other text.
Tap parse_tap(const std::string& text, const Encoder& encoder, int64_t depth) {
  constexpr std::string_view kNorm = "norm:";
  Tap tap{text, -1, false, text};
  if (text.starts_with("block:")) {
    const char* const end = text.data() + text.size();
    const char* const stop = std::from_chars(text.data() + 6, end, tap.block).ptr;
    const bool in_range = tap.block >= 0 && tap.block < depth && stop != end && *stop == ':';
    tap.pool = in_range ? std::string(stop + 1, end) : "";
    tap.normed = tap.pool.starts_with(kNorm);
    if (tap.normed) tap.pool.erase(0, kNorm.size());
  }
  const std::vector<std::string> pools = pools_of(encoder);
  if (std::find(pools.begin(), pools.end(), tap.pool) == pools.end()) {
    throw std::invalid_argument(
        fmt::format("[{}] expected a tap: {}, attention{}, or block:K: or block:K:norm: and one of {}, K in "
                    "0 ... {}; got "
                    "'{}'",
                    encoder.kind(), fmt::join(pools, ", "), encoder.text() == nullptr ? "" : ", projected",
                    fmt::join(pools, ", "), depth - 1, text));
  }
  return tap;
}

}  // namespace

std::map<std::string, at::Tensor> token_features(
    const Encoder& encoder, const at::Tensor& images, std::span<const std::string> taps,
    const StageContext& context, const std::function<at::Tensor(const at::Tensor& tokens)>& attention) {
  std::map<std::string, at::Tensor> found;
  std::map<int64_t, std::vector<Tap>> after;  // by stage
  const int64_t norm = encoder.trunk_end() - 1, depth = (norm - 2) / 2;
  bool wants_attention = false, wants_projection = false;
  for (const std::string& tap : taps) {
    if (tap == "attention") {
      wants_attention = true;
    } else if (tap == "projected" && encoder.text() != nullptr) {
      wants_projection = true;
    } else {
      const Tap parsed = parse_tap(tap, encoder, depth);
      after[parsed.block < 0 ? norm : 3 + 2 * parsed.block].push_back(parsed);
    }
  }
  at::Tensor x = images;
  for (int64_t stage = 0; stage <= norm; ++stage) {
    if (wants_attention && stage == norm - 2) found["attention"] = attention(x);
    x = encoder.forward(x, stage, stage + 1, context);
    for (const Tap& tap : after[stage]) {
      const at::Tensor tokens = tap.normed ? encoder.forward(x, norm, norm + 1, context) : x;
      // What comes out of a block is pooled as it is.
      const at::Tensor vector = tap.pool == "tokens"          ? tokens
                                : tap.normed || stage == norm ? encoder.pool(tokens, tap.pool)
                                                              : encoder.Encoder::pool(tokens, tap.pool);
      found[tap.text] = vector.contiguous();
    }
  }
  if (wants_projection) {  // of the class token alone
    found["projected"] = encoder.forward(x.narrow(1, 0, 1), norm + 1, norm + 2, context).select(1, 0);
  }
  return found;
}

}  // namespace repbench
