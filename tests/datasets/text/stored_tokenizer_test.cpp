#include <gtest/gtest.h>

#include "tests/datasets/text/vocabulary.h"
#include "tests/files/error_message.h"

namespace repbench {
namespace {

std::string refusal(const Json& json) {
  return error_message<std::invalid_argument>([&] { tokenizer_from_json(json, "DIR/tokenizer.json"); });
}

Json document(const Json& merges, const std::string& kind = "bpe") {
  return {{"kind", kind}, {"version", 1}, {"merges", merges}};
}

TEST(StoredTokenizer, IsTheSameAsTheOneThatWasStored) {
  const std::vector<std::string> captions = {"a red circle", "a red square", "a red ring"};
  const auto trained = train_bpe(captions, 600);
  const Json stored = parse_json(pretty_json(trained->to_json()), "tokenizer.json");
  const auto read = tokenizer_from_json(stored, "tokenizer.json");
  EXPECT_EQ(read->to_json(), trained->to_json());
  EXPECT_EQ(read->ids("A red circle!"), trained->ids("A red circle!"));
}

TEST(StoredTokenizer, HoldsClipsWholeVocabulary) {
  SKIP_WITHOUT_TEXT_DATA();
  const auto clip = clip_tokenizer();
  const auto read = tokenizer_from_json(clip->to_json(), "tokenizer.json");
  EXPECT_EQ(read->kind(), "clip");
  EXPECT_EQ(read->ids("a photo of a cat."), (std::vector<int64_t>{320, 1125, 539, 320, 2368, 269}));
  Json changed = clip->to_json();
  changed["merges"].erase(changed["merges"].size() - 1);
  EXPECT_PRED2(contains, refusal(changed), "expected CLIP's 48894 merges");
}

TEST(StoredTokenizer, IsCheckedStrictly) {
  EXPECT_PRED2(contains, refusal(document(Json::array(), "bpee")), "did you mean 'bpe'?");
  EXPECT_PRED2(contains, refusal(document(Json::array(), "clip")), "sha256");
  EXPECT_PRED2(contains, refusal(Json::array()), "DIR/tokenizer.json");
  EXPECT_PRED2(contains, refusal({{"kind", "bpe"}, {"merges", {}}}), "version");
  EXPECT_PRED2(contains, refusal({{"kind", "bpe"}, {"version", 2}, {"merges", Json::array()}}), "version 1");
  Json more = document(Json::array());
  more["model"] = {};
  EXPECT_PRED2(contains, refusal(more), "model");
}

TEST(StoredTokenizer, NamesTheMergeThatIsWrong) {
  EXPECT_PRED2(contains, refusal(document({"a b", "ab"})), "merges[1]; got \"ab\"");
  EXPECT_PRED2(contains, refusal(document({"ab c"})), "bytes or symbols merged before at merges[0]");
  EXPECT_PRED2(contains, refusal(document({"a b", "a b"})), "a new symbol");
  EXPECT_PRED2(contains, refusal(document({"a</w> b"})), "does not end a word");
  EXPECT_PRED2(contains, refusal(document({"a b c"})), "merges[0]");
  EXPECT_PRED2(contains, refusal(document({1})), "merges[0]");
  EXPECT_PRED2(contains, refusal(document({" "})), "merges[0]");
}

}  // namespace
}  // namespace repbench
