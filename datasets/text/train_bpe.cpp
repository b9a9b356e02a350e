#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <queue>
#include <stdexcept>

#include "datasets/text/bpe_tokenizer.h"
#include "datasets/text/clean_text.h"
#include "datasets/text/pieces.h"
#include "datasets/text/unicode_text.h"

namespace repbench {
namespace {

struct Word {
  std::vector<int64_t> symbols;
  int64_t count;
};

using Pair = std::pair<int64_t, int64_t>;

// How often each different piece occurs; sorted, so that the captions' order does not matter.
std::map<std::string, int64_t> count_pieces(std::span<const std::string> captions) {
  std::map<std::string, int64_t> counts;
  for (size_t i = 0; i < captions.size(); ++i) {
    if (const auto place = find_invalid_utf8(captions[i])) {
      throw std::invalid_argument(
          fmt::format("[train_bpe] expected UTF-8; got the byte {:#04x} at byte {} of caption {}",
                      static_cast<uint8_t>(captions[i][*place]), *place, i));
    }
    const std::string clean = clean_text(captions[i]);
    for (const std::string_view piece : split_pieces(clean)) {
      if (piece != start_of_text && piece != end_of_text) ++counts[std::string(piece)];
    }
  }
  return counts;
}

// Keeps the pairs of all words counted while they are merged, touching only the words that have the pair.
class Training {
 public:
  explicit Training(const std::map<std::string, int64_t>& pieces) {
    for (const auto& [piece, count] : pieces) {
      words_.push_back({pairs_.split(piece), count});
      add_pairs(words_.size() - 1, +1);
    }
    for (const auto& [pair, statistics] : pairs_seen_) offer(pair);
  }

  BytePairs run(int64_t symbols) {
    while (pairs_.size() < symbols && !offers_.empty()) {
      const Offer best = offers_.top();
      offers_.pop();
      const int64_t count = pairs_seen_[best.pair].count;
      if (count < 2) continue;
      if (count != best.count) {
        offer(best.pair);  // it has changed since it was offered
      } else if (pairs_.add(best.pair.first, best.pair.second)) {
        merge_everywhere(best.pair);
      }
    }
    return std::move(pairs_);
  }

 private:
  struct Seen {
    int64_t count = 0;
    std::vector<size_t> words;  // where it occurs or has occurred
  };

  // Spellings are kept, so that offers compare alone.
  struct Offer {
    int64_t count;
    std::string left, right;
    Pair pair;

    bool operator<(const Offer& other) const {
      if (count != other.count) return count < other.count;
      return std::tie(left, right) > std::tie(other.left, other.right);
    }
  };

  void offer(Pair pair) {
    const int64_t count = pairs_seen_[pair].count;
    if (count >= 2) {
      offers_.push({count, pairs_.spelling(pair.first), pairs_.spelling(pair.second), pair});
    }
  }

  void add_pairs(size_t index, int64_t sign) {
    const Word& word = words_[index];
    for (size_t i = 0; i + 1 < word.symbols.size(); ++i) {
      Seen& seen = pairs_seen_[{word.symbols[i], word.symbols[i + 1]}];
      seen.count += sign * word.count;
      if (sign > 0 && (seen.words.empty() || seen.words.back() != index)) seen.words.push_back(index);
    }
  }

  void merge_everywhere(Pair pair) {
    const int64_t merged = pairs_.size() - 1;
    std::vector<size_t> places = std::move(pairs_seen_[pair].words);
    std::sort(places.begin(), places.end());
    places.erase(std::unique(places.begin(), places.end()), places.end());
    std::vector<Pair> changed;
    for (const size_t index : places) {
      std::vector<int64_t>& symbols = words_[index].symbols;
      add_pairs(index, -1);
      merge_in(symbols, pair, merged);
      add_pairs(index, +1);
      for (size_t i = 0; i + 1 < symbols.size(); ++i) changed.emplace_back(symbols[i], symbols[i + 1]);
    }
    std::sort(changed.begin(), changed.end());
    changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
    for (const Pair& one : changed) {
      if (one.first == merged || one.second == merged) offer(one);
    }
  }

  static void merge_in(std::vector<int64_t>& symbols, Pair pair, int64_t merged) {
    size_t kept = 0;
    for (size_t i = 0; i < symbols.size(); ++kept) {
      const bool here = i + 1 < symbols.size() && symbols[i] == pair.first && symbols[i + 1] == pair.second;
      symbols[kept] = here ? merged : symbols[i];
      i += here ? 2 : 1;
    }
    symbols.resize(kept);
  }

  BytePairs pairs_;
  std::vector<Word> words_;
  std::map<Pair, Seen> pairs_seen_;
  std::priority_queue<Offer> offers_;
};

}  // namespace

std::shared_ptr<const Tokenizer> train_bpe(std::span<const std::string> captions, int64_t vocabulary_size) {
  if (vocabulary_size < smallest_bpe_vocabulary) {
    throw std::invalid_argument(
        fmt::format("[train_bpe] expected a vocabulary of at least {} ids (512 bytes, SOT, EOT); got {}",
                    smallest_bpe_vocabulary, vocabulary_size));
  }
  Training training(count_pieces(captions));
  return make_bpe_tokenizer("bpe", training.run(vocabulary_size - 2));
}

}  // namespace repbench
