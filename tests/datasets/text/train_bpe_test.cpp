#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "datasets/text/tokenizer.h"
#include "tests/files/error_message.h"

namespace repbench {
namespace {

const std::vector<std::string> kCaptions = {"a red circle on a blue background",
                                            "a green circle above a red square",
                                            "two red squares",
                                            "a picture of a yellow star",
                                            "A Red star, left of a green ring",
                                            "caf\u00e9 caf\u00e9 \U0001f600"};

std::vector<std::string> merges(const Tokenizer& tokenizer) {
  return tokenizer.to_json()["merges"].get<std::vector<std::string>>();
}

TEST(TrainBpe, MergesThePairThatIsMostFrequent) {
  const std::vector<std::string> captions = {"ab ab ab", "cd cd", "xyz"};
  EXPECT_EQ(merges(*train_bpe(captions, 1000)), (std::vector<std::string>{"a b</w>", "c d</w>"}));
}

TEST(TrainBpe, TakesTheFirstBySpellingAmongEquals) {
  const std::vector<std::string> captions = {"zz zz", "ab ab", "aa aa"};
  EXPECT_EQ(merges(*train_bpe(captions, 1000)), (std::vector<std::string>{"a a</w>", "a b</w>", "z z</w>"}));
}

// Counts every pair anew for each merge: slow and plain.
std::vector<std::string> merges_by_recounting(const std::vector<std::string>& words, size_t count) {
  std::vector<std::vector<std::string>> split;
  for (const std::string& word : words) {
    split.emplace_back();
    for (const char c : word) split.back().emplace_back(1, c);
    split.back().back() += "</w>";
  }
  std::vector<std::string> result;
  while (result.size() < count) {
    std::map<std::pair<std::string, std::string>, int> pairs;
    for (const auto& word : split)
      for (size_t i = 0; i + 1 < word.size(); ++i) ++pairs[{word[i], word[i + 1]}];
    const auto best =
        std::max_element(pairs.begin(), pairs.end(), [](auto& x, auto& y) { return x.second < y.second; });
    if (best == pairs.end() || best->second < 2) break;
    const auto [left, right] = best->first;
    result.push_back(left + " " + right);
    for (auto& word : split) {
      for (size_t i = 0; i + 1 < word.size(); ++i) {
        if (word[i] != left || word[i + 1] != right) continue;
        word[i] += right;
        word.erase(word.begin() + static_cast<int64_t>(i) + 1);
      }
    }
  }
  return result;
}

TEST(TrainBpe, AgreesWithCountingEveryPairAnew) {
  std::vector<std::string> words;
  std::string caption;
  for (int i = 0; i < 300; ++i) {
    std::string word;
    for (int j = 0; j < 3 + i % 5; ++j) word += static_cast<char>('a' + (i * 7 + j * j * (i % 3 + 1)) % 6);
    words.push_back(word);
    caption += word + " ";
  }
  const std::vector<std::string> trained = merges(*train_bpe(std::vector{caption}, 512 + 2 + 60));
  EXPECT_EQ(trained, merges_by_recounting(words, 60));
  EXPECT_GT(trained.size(), 40U);
}

TEST(TrainBpe, DoesNotDependOnTheOrderOfCaptions) {
  std::vector<std::string> backwards(kCaptions.rbegin(), kCaptions.rend());
  EXPECT_EQ(train_bpe(kCaptions, 560)->to_json(), train_bpe(backwards, 560)->to_json());
}

TEST(TrainBpe, HasAtMostTheSizeThatWasAskedFor) {
  EXPECT_EQ(train_bpe(kCaptions, 520)->vocabulary_size(), 520);
  EXPECT_EQ(train_bpe(kCaptions, 514)->vocabulary_size(), 514);
  EXPECT_LT(train_bpe(kCaptions, 100000)->vocabulary_size(), 700) << "no pair occurs twice any more";
  EXPECT_EQ(train_bpe({}, 1000)->vocabulary_size(), 514);
}

TEST(TrainBpe, MakesATokenizerThatTakesAnyText) {
  const auto tokenizer = train_bpe(kCaptions, 600);
  EXPECT_EQ(tokenizer->kind(), "bpe");
  EXPECT_EQ(tokenizer->end_token(), tokenizer->vocabulary_size() - 1);
  EXPECT_EQ(tokenizer->ids("red").size(), 1U);
  for (const std::string text : {"a red circle", "something else entirely", "\u6771\u4eac \U0001f600"}) {
    EXPECT_EQ(tokenizer->text(encode(*tokenizer, text, 64, TooLong::refuse)), text);
  }
}

TEST(TrainBpe, RefusesTooSmallASizeAndInvalidUtf8) {
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([] { train_bpe(kCaptions, 513); }),
               "at least 514 ids (512 bytes, SOT, EOT); got 513");
  const std::vector<std::string> broken = {"fine", "bro\xff"};
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { train_bpe(broken, 600); }),
               "0xff at byte 3 of caption 1");
}

}  // namespace
}  // namespace repbench
