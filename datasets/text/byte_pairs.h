#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace repbench {

/// The symbols of byte-pair encoding in CLIP's order: the 256 bytes inside a word, the same 256 at a word's
/// end, then one for every merge of two earlier ones. A symbol's id is its rank: of the pairs in a word, the
/// one with the lowest id is merged first, from left to right.
class BytePairs {
 public:
  static constexpr int64_t byte_symbols = 512;

  /// The bytes alone.
  BytePairs();

  /// False, and nothing is added, if there is a symbol of that spelling, or if `left` ends a word.
  bool add(int64_t left, int64_t right);

  int64_t size() const { return static_cast<int64_t>(symbols_.size()); }

  /// As vocabulary files write it: a printable character for each byte, "</w>" at a word's end.
  const std::string& spelling(int64_t id) const { return symbols_[static_cast<size_t>(id)].spelling; }
  std::optional<int64_t> find(const std::string& spelling) const;

  /// The bytes that a symbol stands for, with a space at a word's end.
  const std::string& bytes(int64_t id) const { return symbols_[static_cast<size_t>(id)].bytes; }

  /// The symbols of one word before any merge. Not empty.
  std::vector<int64_t> split(std::string_view word) const;

  /// Appends the symbols of one word, merged. n log n in its length.
  void encode(std::string_view word, std::vector<int64_t>& ids) const;

  /// "LEFT RIGHT", in spellings.
  std::vector<std::string> merges() const;

 private:
  struct Symbol {
    std::string spelling;
    std::string bytes;
    int64_t left, right;  // -1: a byte
  };

  std::optional<int64_t> merged(int64_t left, int64_t right) const;

  std::vector<Symbol> symbols_;
  std::unordered_map<std::string, int64_t> ids_;  // by spelling
  std::unordered_map<uint64_t, int64_t> merged_;  // by pair
  int64_t id_of_byte_[256] = {};                  // inside a word
};

}  // namespace repbench
