#include "datasets/text/byte_pairs.h"

#include <gtest/gtest.h>

#include <set>

#include "datasets/text/pieces.h"

namespace repbench {
namespace {

std::vector<int64_t> encode(const BytePairs& pairs, std::string_view word) {
  std::vector<int64_t> ids;
  pairs.encode(word, ids);
  return ids;
}

TEST(BytePairs, BeginWithTheBytesInClipsOrder) {
  const BytePairs pairs;
  EXPECT_EQ(pairs.size(), 512);
  EXPECT_EQ(pairs.spelling(0), "!");
  EXPECT_EQ(pairs.spelling(256), "!</w>");
  EXPECT_EQ(pairs.spelling(188), "\u0100") << "byte 0, the first that does not print";
  EXPECT_EQ(pairs.bytes(188), std::string(1, '\0'));
  std::set<std::string> bytes;
  for (int64_t id = 0; id < 256; ++id) bytes.insert(pairs.bytes(id));
  EXPECT_EQ(bytes.size(), 256U);
}

TEST(BytePairs, MergeTheLowestIdFirst) {
  BytePairs pairs;
  const int64_t a = *pairs.find("a"), b = *pairs.find("b"), c_end = *pairs.find("c</w>");
  ASSERT_TRUE(pairs.add(b, c_end));  // 512
  ASSERT_TRUE(pairs.add(a, b));      // 513
  EXPECT_EQ(encode(pairs, "abc"), (std::vector<int64_t>{a, 512}));
  EXPECT_EQ(encode(pairs, "abac"), (std::vector<int64_t>{513, a, c_end}));
}

TEST(BytePairs, MergeFromTheLeftWherePairsOverlap) {
  BytePairs pairs;
  const int64_t a = *pairs.find("a");
  ASSERT_TRUE(pairs.add(a, a));      // 512: aa
  ASSERT_TRUE(pairs.add(512, 512));  // 513: aaaa
  EXPECT_EQ(encode(pairs, "aaaab"), (std::vector<int64_t>{513, *pairs.find("b</w>")}));
  EXPECT_EQ(encode(pairs, "aaab"), (std::vector<int64_t>{512, a, *pairs.find("b</w>")}));
  EXPECT_EQ(encode(pairs, "a"), (std::vector<int64_t>{a + 256}));
}

TEST(BytePairs, TakeNoSymbolTwiceAndNoneThatGoesOnAfterAnEnd) {
  BytePairs pairs;
  const int64_t a = *pairs.find("a"), a_end = *pairs.find("a</w>");
  EXPECT_TRUE(pairs.add(a, a));
  EXPECT_FALSE(pairs.add(a, a));
  EXPECT_FALSE(pairs.add(a_end, a));
  EXPECT_EQ(pairs.merges(), (std::vector<std::string>{"a a"}));
}

std::vector<std::string> pieces(std::string_view text) {
  const auto views = split_pieces(text);
  return {views.begin(), views.end()};
}

TEST(SplitPieces, SeparatesEndingsLettersDigitsAndTheRest) {
  EXPECT_EQ(pieces("it's 42!! caf\u00e9"),
            (std::vector<std::string>{"it", "'s", "4", "2", "!!", "caf\u00e9"}));
  EXPECT_EQ(pieces("they'll've"), (std::vector<std::string>{"they", "'ll", "'ve"}));
  EXPECT_EQ(pieces("a\u00bdb\u2603\ufe0fc"),
            (std::vector<std::string>{"a", "\u00bd", "b", "\u2603\ufe0f", "c"}));
  EXPECT_TRUE(pieces("").empty());
  EXPECT_TRUE(pieces(" ").empty());
}

TEST(SplitPieces, KnowTheTwoSpecialTokens) {
  EXPECT_EQ(pieces("<start_of_text>a<end_of_text>"),
            (std::vector<std::string>{"<start_of_text>", "a", "<end_of_text>"}));
}

}  // namespace
}  // namespace repbench
