#include "datasets/text/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "datasets/text/bpe_tokenizer.h"
#include "datasets/text/clean_text.h"
#include "datasets/text/pieces.h"
#include "datasets/text/unicode_text.h"

namespace repbench {
namespace {

class BpeTokenizer final : public Tokenizer {
 public:
  BpeTokenizer(std::string kind, BytePairs pairs) : kind_(std::move(kind)), pairs_(std::move(pairs)) {}

  std::string kind() const override { return kind_; }
  int64_t vocabulary_size() const override { return pairs_.size() + 2; }

  std::vector<int64_t> ids(std::string_view text) const override {
    const std::string clean = clean_text(text);
    std::vector<int64_t> ids;
    for (const std::string_view piece : split_pieces(clean)) {
      if (piece == start_of_text) {
        ids.push_back(start_token());
      } else if (piece == end_of_text) {
        ids.push_back(end_token());
      } else {
        pairs_.encode(piece, ids);
      }
    }
    return ids;
  }

  std::string text(std::span<const int64_t> ids) const override;

  Json to_json() const override { return {{"kind", kind_}, {"version", 1}, {"merges", pairs_.merges()}}; }

 private:
  std::string kind_;
  BytePairs pairs_;
};

std::string replace_invalid_utf8(std::string_view bytes) {
  std::string result;
  while (const auto place = find_invalid_utf8(bytes)) {
    result.append(bytes.substr(0, *place)).append("\uFFFD");
    bytes.remove_prefix(*place + 1);
  }
  return result.append(bytes);
}

std::string BpeTokenizer::text(std::span<const int64_t> ids) const {
  std::string bytes;
  for (const int64_t id : ids) {
    if (id < 0 || id >= vocabulary_size()) {
      throw std::invalid_argument(
          fmt::format("[tokenizer] expected ids from 0 to {}; got {}", vocabulary_size() - 1, id));
    }
    if (id == end_token()) break;
    if (id != start_token()) bytes += pairs_.bytes(id);
  }
  if (bytes.ends_with(' ')) bytes.pop_back();
  return replace_invalid_utf8(bytes);
}

// The beginning of a text for an error message, cut between characters.
std::string beginning(std::string_view text) {
  constexpr size_t kShown = 40;
  if (text.size() <= kShown) return std::string(text);
  size_t size = kShown;
  while (size > 0 && (static_cast<uint8_t>(text[size]) & 0xC0) == 0x80) --size;
  return std::string(text.substr(0, size)) + "...";
}

}  // namespace

std::shared_ptr<const Tokenizer> make_bpe_tokenizer(std::string kind, BytePairs pairs) {
  return std::make_shared<BpeTokenizer>(std::move(kind), std::move(pairs));
}

std::vector<int64_t> encode(const Tokenizer& tokenizer, std::string_view text, int64_t length,
                            TooLong too_long) {
  if (length < 2) {
    throw std::invalid_argument(
        fmt::format("[tokenizer] expected a length of at least 2 (SOT, EOT); got {}", length));
  }
  std::vector<int64_t> tokens = tokenizer.ids(text);
  tokens.insert(tokens.begin(), tokenizer.start_token());
  tokens.push_back(tokenizer.end_token());
  const auto count = static_cast<int64_t>(tokens.size());
  if (count > length && too_long == TooLong::refuse) {
    throw std::invalid_argument(fmt::format("[tokenizer] expected at most {} tokens; got {} in '{}'", length,
                                            count, beginning(text)));
  }
  tokens.resize(static_cast<size_t>(length), 0);
  if (count > length) tokens.back() = tokenizer.end_token();
  return tokens;
}

}  // namespace repbench
