#include "datasets/text/byte_pairs.h"

#include <functional>
#include <queue>

#include "datasets/text/unicode_text.h"

namespace repbench {
namespace {

constexpr int64_t kBytes = 256;
constexpr std::string_view kWordEnd = "</w>";

bool stands_for_itself(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

// The bytes that print come first and stand for themselves; the 68 others follow, written as the characters
// from U+0100 on.
std::vector<std::pair<int, char32_t>> byte_alphabet() {
  std::vector<std::pair<int, char32_t>> alphabet;
  for (int byte = 0; byte < kBytes; ++byte) {
    if (stands_for_itself(byte)) alphabet.emplace_back(byte, static_cast<char32_t>(byte));
  }
  char32_t next = kBytes;
  for (int byte = 0; byte < kBytes; ++byte) {
    if (!stands_for_itself(byte)) alphabet.emplace_back(byte, next++);
  }
  return alphabet;
}

uint64_t key(int64_t left, int64_t right) {
  return static_cast<uint64_t>(left) << 32 | static_cast<uint64_t>(right);
}

// A word's symbols as a doubly linked list in an array; a symbol that was merged into its left one is -1.
struct Chain {
  explicit Chain(std::vector<int64_t> symbols)
      : ids(std::move(symbols)), next(ids.size()), previous(ids.size()) {
    for (size_t i = 0; i < ids.size(); ++i) {
      next[i] = i + 1;
      previous[i] = i - 1;  // wraps at the first: npos
    }
  }

  bool has(size_t place) const { return place < ids.size(); }

  // Gives the symbol at `place` the id `merged` and takes out the one after it.
  void merge(size_t place, int64_t merged) {
    const size_t gone = next[place];
    ids[place] = merged;
    ids[gone] = -1;
    next[place] = next[gone];
    if (has(next[gone])) previous[next[gone]] = place;
  }

  std::vector<int64_t> ids;
  std::vector<size_t> next, previous;
};

}  // namespace

BytePairs::BytePairs() {
  const auto alphabet = byte_alphabet();
  for (const bool ends : {false, true}) {
    for (const auto& [byte, character] : alphabet) {
      if (!ends) id_of_byte_[byte] = size();
      std::string spelling = to_utf8({&character, 1}), bytes(1, static_cast<char>(byte));
      if (ends) spelling += kWordEnd;
      if (ends) bytes += ' ';
      ids_.emplace(spelling, size());
      symbols_.push_back({std::move(spelling), std::move(bytes), -1, -1});
    }
  }
}

bool BytePairs::add(int64_t left, int64_t right) {
  std::string together = spelling(left) + spelling(right);
  if (spelling(left).ends_with(kWordEnd) || !ids_.emplace(together, size()).second) return false;
  merged_.emplace(key(left, right), size());
  symbols_.push_back({std::move(together), bytes(left) + bytes(right), left, right});
  return true;
}

std::optional<int64_t> BytePairs::find(const std::string& spelling) const {
  const auto found = ids_.find(spelling);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<int64_t> BytePairs::merged(int64_t left, int64_t right) const {
  const auto found = merged_.find(key(left, right));
  return found == merged_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<int64_t> BytePairs::split(std::string_view word) const {
  std::vector<int64_t> ids;
  ids.reserve(word.size());
  for (const char byte : word) ids.push_back(id_of_byte_[static_cast<uint8_t>(byte)]);
  ids.back() += kBytes;  // its form at the end of a word
  return ids;
}

void BytePairs::encode(std::string_view word, std::vector<int64_t>& ids) const {
  Chain chain(split(word));
  using Candidate = std::pair<int64_t, size_t>;  // the merged symbol's id, the left one's place
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates;
  const auto consider = [&](size_t place) {
    if (!chain.has(place) || !chain.has(chain.next[place])) return;
    if (const auto id = merged(chain.ids[place], chain.ids[chain.next[place]])) candidates.push({*id, place});
  };
  for (size_t place = 0; place + 1 < chain.ids.size(); ++place) consider(place);
  while (!candidates.empty()) {
    const auto [id, place] = candidates.top();
    candidates.pop();
    const Symbol& symbol = symbols_[static_cast<size_t>(id)];
    const bool still_there = chain.ids[place] == symbol.left && chain.has(chain.next[place]) &&
                             chain.ids[chain.next[place]] == symbol.right;
    if (!still_there) continue;
    chain.merge(place, id);
    consider(place);
    consider(chain.previous[place]);
  }
  for (size_t place = 0; chain.has(place); place = chain.next[place]) ids.push_back(chain.ids[place]);
}

std::vector<std::string> BytePairs::merges() const {
  std::vector<std::string> result;
  for (int64_t id = byte_symbols; id < size(); ++id) {
    const Symbol& symbol = symbols_[static_cast<size_t>(id)];
    result.push_back(spelling(symbol.left) + " " + spelling(symbol.right));
  }
  return result;
}

}  // namespace repbench
