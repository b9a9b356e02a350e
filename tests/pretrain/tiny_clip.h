#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "datasets/text/tokenizer.h"
#include "pretrain/models/clip.h"

// A CLIP of a few thousand parameters: pictures of 8 x 8, four patches, texts of twelve tokens.

namespace repbench {

/// Knows how many tokens there are and no text: for models whose tokens are given.
class BareTokenizer final : public Tokenizer {
 public:
  explicit BareTokenizer(int64_t size) : size_(size) {}
  std::string kind() const override { return "bare"; }
  int64_t vocabulary_size() const override { return size_; }
  std::vector<int64_t> ids(std::string_view) const override { return {}; }
  std::string text(std::span<const int64_t>) const override { return ""; }
  Json to_json() const override { return Json::object(); }

 private:
  int64_t size_;
};

inline std::shared_ptr<const Tokenizer> tiny_tokenizer() {
  static const std::vector<std::string> captions = {"a red circle", "a blue square", "a red square"};
  static const std::shared_ptr<const Tokenizer> tokenizer = train_bpe(captions, 530);
  return tokenizer;
}

inline ClipOptions tiny_clip_options(int64_t channels = 3) {
  ClipOptions options;
  options.image_size = 8;
  options.patch_size = 4;
  options.channels = channels;
  options.width = 16;
  options.depth = 2;
  options.heads = 2;
  options.embed_dim = 12;
  options.text = {.context_length = 12, .width = 16, .depth = 1, .heads = 2};
  return options;
}

}  // namespace repbench
