#include <fmt/format.h>

#include <cstdlib>
#include <thread>

#include "tests/datasets/golden.h"
#include "tests/datasets/text/vocabulary.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

class ClipTokenizer : public testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_TEXT_DATA();
    tokenizer_ = clip_tokenizer();
  }

  std::shared_ptr<const Tokenizer> tokenizer_;
};

TEST_F(ClipTokenizer, GivesOpenClipsIds) {
  const Json golden = read_json(golden_folder() / "clip_tokens.json");
  ASSERT_GT(golden["texts"].size(), 300U);
  for (const Json& row : golden["texts"]) {
    const auto text = row["text"].get<std::string>();
    EXPECT_EQ(tokenizer_->ids(text), row["ids"].get<std::vector<int64_t>>())
        << Json(text).dump(-1, ' ', true);
  }
}

TEST_F(ClipTokenizer, HasTheVocabularyThatItsModelsExpect) {
  EXPECT_EQ(tokenizer_->kind(), "clip");
  EXPECT_EQ(tokenizer_->vocabulary_size(), 49408);
  EXPECT_EQ(tokenizer_->start_token(), 49406);
  EXPECT_EQ(tokenizer_->end_token(), 49407);
}

TEST_F(ClipTokenizer, PacksATextBetweenItsTwoTokens) {
  EXPECT_EQ(encode(*tokenizer_, "a dog", 6, TooLong::refuse),
            (std::vector<int64_t>{49406, 320, 1929, 49407, 0, 0}));
  EXPECT_EQ(encode(*tokenizer_, "a dog", 4, TooLong::refuse),
            (std::vector<int64_t>{49406, 320, 1929, 49407}));
  EXPECT_EQ(encode(*tokenizer_, "a dog", 3, TooLong::cut), (std::vector<int64_t>{49406, 320, 49407}));
  EXPECT_EQ(encode(*tokenizer_, "", 2, TooLong::refuse), (std::vector<int64_t>{49406, 49407}));
}

TEST_F(ClipTokenizer, RefusesATextThatIsTooLongAndSaysWhich) {
  const auto message = error_message<std::invalid_argument>(
      [&] { encode(*tokenizer_, "a dog with a very very very very long tail", 8, TooLong::refuse); });
  EXPECT_EQ(message,
            "[tokenizer] expected at most 8 tokens; got 12 in 'a dog with a very very very very long ta...'");
  EXPECT_THROW(encode(*tokenizer_, "a", 1, TooLong::cut), std::invalid_argument);
}

TEST_F(ClipTokenizer, RefusesWhatIsNotUtf8AndSaysAtWhichByte) {
  struct Case {
    std::string text, byte;
  };
  for (const auto& [text, byte] : {Case{"abc\xff", "0xff at byte 3"}, Case{"\xc3", "0xc3 at byte 0"},
                                   Case{"caf\xc3\xa9 \xe2\x82", "0xe2 at byte 6"},
                                   Case{"a\xc0\x80", "0xc0 at byte 1"},                  // an overlong NUL
                                   Case{"a\xed\xa0\xbd\xed\xb8\x80", "0xed at byte 1"},  // a surrogate pair
                                   Case{"\xf5\x80\x80\x80", "0xf5 at byte 0"}}) {
    const auto message = error_message<std::invalid_argument>([&, t = text] { tokenizer_->ids(t); });
    EXPECT_EQ(message, "[text] expected UTF-8; got the byte " + byte);
  }
}

TEST_F(ClipTokenizer, TakesTenThousandCharactersWithoutSpaces) {
  std::string word, mixed;
  for (int i = 0; i < 10000; ++i) word += static_cast<char>('a' + i * i % 26);
  for (int i = 0; i < 2500; ++i) mixed += "\u00e9\U0001f600";
  EXPECT_LT(tokenizer_->ids(word).size(), 10000U);
  EXPECT_EQ(tokenizer_->text(tokenizer_->ids(word)), word);
  EXPECT_FALSE(tokenizer_->ids(mixed).empty());
  EXPECT_EQ(encode(*tokenizer_, word, 77, TooLong::cut).back(), tokenizer_->end_token());
}

TEST_F(ClipTokenizer, GivesTheTextBack) {
  const auto round_trip = [&](std::string_view text) { return tokenizer_->text(tokenizer_->ids(text)); };
  EXPECT_EQ(round_trip("A photo of a CAT."), "a photo of a cat .");
  EXPECT_EQ(round_trip("na\u00efve \u6771\u4eac \U0001f600"), "na\u00efve \u6771\u4eac \U0001f600");
  EXPECT_EQ(tokenizer_->text(encode(*tokenizer_, "a dog", 20, TooLong::refuse)), "a dog");
  const std::vector<int64_t> half_a_character = {127, 320};  // the byte 0xc3 inside a word
  EXPECT_NE(tokenizer_->text(half_a_character).find("\uFFFD"), std::string::npos);
  EXPECT_THROW(tokenizer_->text(std::vector<int64_t>{49408}), std::invalid_argument);
  EXPECT_THROW(tokenizer_->text(std::vector<int64_t>{-1}), std::invalid_argument);
}

TEST_F(ClipTokenizer, ServesSeveralThreadsAtOnce) {
  const auto expected = tokenizer_->ids("caf\u00e9 &amp; a dog's life");
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) wrong[t] += tokenizer_->ids("caf\u00e9 &amp; a dog's life") != expected;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST(ClipVocabulary, IsAskedForWhereItIsMissing) {
  const ScratchFolder folder;
  const char* before = std::getenv("REPBENCH_TEXT_DATA");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("REPBENCH_TEXT_DATA", folder.path().c_str(), 1);
  const auto message = error_message<std::runtime_error>([] { clip_tokenizer(); });
  ::setenv("REPBENCH_TEXT_DATA", kept.c_str(), 1);  // empty counts as not set
  EXPECT_PRED2(contains, message, folder.path().string());
  EXPECT_PRED2(contains, message, "make setup");
}

}  // namespace
}  // namespace repbench
