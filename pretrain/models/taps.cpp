#include "pretrain/models/taps.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>
#include <vector>

namespace repbench {
namespace {

std::vector<std::string> pools_of(const Encoder& encoder) {
  if (encoder.prefix_tokens() == 0) return {"mean", "tokens"};
  return {"cls", "mean", "cls+mean", "tokens"};
}

struct Tap {
  int64_t block = -1;  // -1: after the last norm
  std::string pool;
};

/// "POOL" or "block:K:POOL"; throws for any other text.
Tap parse_tap(const std::string& text, const Encoder& encoder, int64_t depth) {
  Tap tap{-1, text};
  if (text.starts_with("block:")) {
    const char* const end = text.data() + text.size();
    const char* const stop = std::from_chars(text.data() + 6, end, tap.block).ptr;
    const bool in_range = tap.block >= 0 && tap.block < depth && stop != end && *stop == ':';
    tap.pool = in_range ? std::string(stop + 1, end) : "";
  }
  const std::vector<std::string> pools = pools_of(encoder);
  if (std::find(pools.begin(), pools.end(), tap.pool) == pools.end()) {
    throw std::invalid_argument(fmt::format(
        "[{}] expected a tap: {}, attention{}, or block:K: and one of {}, K in 0 ... {}; got '{}'",
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
  std::map<int64_t, std::vector<std::pair<std::string, std::string>>> after;  // stage -> taps and their pools
  const int64_t norm = encoder.trunk_end() - 1, depth = (norm - 2) / 2;
  bool wants_attention = false, wants_projection = false;
  for (const std::string& tap : taps) {
    if (tap == "attention") {
      wants_attention = true;
    } else if (tap == "projected" && encoder.text() != nullptr) {
      wants_projection = true;
    } else {
      const auto [block, how] = parse_tap(tap, encoder, depth);
      after[block < 0 ? norm : 3 + 2 * block].emplace_back(tap, how);
    }
  }
  at::Tensor x = images;
  for (int64_t stage = 0; stage <= norm; ++stage) {
    if (wants_attention && stage == norm - 2) found["attention"] = attention(x);
    x = encoder.forward(x, stage, stage + 1, context);
    for (const auto& [tap, how] : after[stage]) {
      // What comes out of a block is pooled as it is.
      const at::Tensor vector = how == "tokens" ? x
                                : stage == norm ? encoder.pool(x, how)
                                                : encoder.Encoder::pool(x, how);
      found[tap] = vector.contiguous();
    }
  }
  if (wants_projection) {  // of the class token alone
    found["projected"] = encoder.forward(x.narrow(1, 0, 1), norm + 1, norm + 2, context).select(1, 0);
  }
  return found;
}

}  // namespace repbench
