#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "files/json.h"

// Text to token ids. Both kinds clean a text as CLIP does (clean_text.h), split it into pieces as CLIP does
// (pieces.h) and merge the bytes of each piece (byte_pairs.h); they differ in the merges. Ids are, in order,
// the 256 bytes inside a word, the 256 bytes at its end, the merges, SOT, EOT. In a text, "<start_of_text>"
// and "<end_of_text>" are these two tokens.

namespace repbench {

enum class TooLong { refuse, cut };

/// Safe to use from several threads.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// "clip": CLIP's own merges, 49408 ids; "bpe": merges trained by `train_bpe`.
  virtual std::string kind() const = 0;

  /// SOT and EOT included; EOT has the highest id.
  virtual int64_t vocabulary_size() const = 0;
  int64_t start_token() const { return vocabulary_size() - 2; }
  int64_t end_token() const { return vocabulary_size() - 1; }

  /// Ids of a text without SOT and EOT. Throws std::invalid_argument for invalid UTF-8, saying at which byte.
  virtual std::vector<int64_t> ids(std::string_view text) const = 0;

  /// The clean text of ids, pieces separated by spaces; bytes that are no UTF-8 become U+FFFD. SOT is left
  /// out, and so is all from the first EOT on. Throws std::invalid_argument for an id that is none.
  virtual std::string text(std::span<const int64_t> ids) const = 0;

  /// Everything that is needed to make it again: what a checkpoint stores as tokenizer.json.
  /// {"kind", "version": 1, "merges": ["LEFT RIGHT", ...]}.
  virtual Json to_json() const = 0;
};

/// Throws std::invalid_argument naming `source` and the key: of the kind "clip" only CLIP's merges are taken.
std::shared_ptr<const Tokenizer> tokenizer_from_json(const Json& json, const std::string& source);

/// With the vocabulary that setup unpacked (data_files.h); reading it takes some 50 ms. Throws
/// std::runtime_error where it is missing or damaged.
std::shared_ptr<const Tokenizer> clip_tokenizer();

constexpr int64_t smallest_bpe_vocabulary = 512 + 2;

/// Byte-pair encoding of the captions, at most `vocabulary_size` ids: the pair that occurs most often is
/// merged again and again, the first by spelling (left, then right) among equals. It ends early, with fewer
/// ids, when no pair occurs twice. The same captions in any order give the same tokenizer.
/// Throws std::invalid_argument for a smaller size than `smallest_bpe_vocabulary`, and for a caption that is
/// no UTF-8, saying which.
std::shared_ptr<const Tokenizer> train_bpe(std::span<const std::string> captions, int64_t vocabulary_size);

/// SOT, ids, EOT, zeros up to `length` (at least 2). Too long: `refuse` throws std::invalid_argument with the
/// text's beginning, its number of tokens and the length; `cut` ends the sequence with EOT at its last place.
std::vector<int64_t> encode(const Tokenizer& tokenizer, std::string_view text, int64_t length,
                            TooLong too_long);

}  // namespace repbench
