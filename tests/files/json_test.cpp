#include "files/json.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "files/atomic.h"
#include "files/utf8.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

std::string refusal(const std::string& text, Comments comments = Comments::allowed) {
  return error_message<std::invalid_argument>([&] { parse_json(text, "run.json", comments); });
}

std::string nested(size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

TEST(Json, ReadsCommentsWhereTheyAreAllowed) {
  const std::string text = "// what\n{\"a\": 1, /* why */ \"b\": [true, null]}\n";
  EXPECT_EQ(parse_json(text, "test"), Json({{"a", 1}, {"b", {true, nullptr}}}));
  EXPECT_PRED2(contains, refusal(text, Comments::refused), "line 1");
}

TEST(Json, NamesSourceLineAndColumnOfASyntaxError) {
  const std::string message = refusal("{\n  \"a\": ,\n}");
  EXPECT_TRUE(message.starts_with("[run.json] expected JSON; got parse error at line 2, column 8"))
      << message;
}

TEST(Json, NamesASyntaxErrorInOneLineWhateverTheTextHolds) {
  for (const std::string& text : {std::string("{\"a\x7f\xff"), std::string("{\"a\nb\"}"),
                                  std::string("{\x7f"), std::string("[\"\x80\"]")}) {
    const std::string message = error_message<std::invalid_argument>([&] { parse_json(text, "text"); });
    for (const char c : message) EXPECT_FALSE(static_cast<unsigned char>(c) < 0x20 || c == 0x7f) << message;
    EXPECT_FALSE(find_broken_utf8(message)) << message;
  }
}

TEST(Json, RefusesWhatIsAlmostJson) {
  for (const char* text : {"", " ", "{", "{\"a\": 1,}", "[1 2]", "{} {}", "{a: 1}", "NaN", "1e999", "'a'",
                           "01", "\"\xff\"", "\"\xed\xa0\x80\"", "\"\\ud800\"", "[1]//\n2", "/* open"}) {
    EXPECT_PRED2(contains, refusal(text), "[run.json] expected JSON; got ") << text;
  }
}

TEST(Json, RefusesANulWithWhateverFollowsIt) {
  EXPECT_PRED2(contains, refusal(std::string("{}\0garbage", 10)), "NUL at byte 2");
}

TEST(Json, NamesADuplicateKeyWithItsPath) {
  EXPECT_PRED2(contains, refusal(R"({"model": {"width": 1, "depth": {"width": 2}, "width": 3}})"),
               "got key \"model.width\" twice");
  EXPECT_PRED2(contains, refusal(R"([{"a": 1}, {"a": 1, "\u0061": 2}])"), "got key \"a\" twice");
  EXPECT_NO_THROW(parse_json(R"([{"a": 1}, {"a": 2}])", "test"));
}

TEST(Json, BoundsTheDepth) {
  EXPECT_NO_THROW(canonical_json(parse_json(nested(256), "test")));
  EXPECT_PRED2(contains, refusal(nested(257)), "256 levels");
  EXPECT_PRED2(contains, refusal(std::string(10'000'000, '[')), "256 levels");
}

TEST(Json, ReadsALongListInTimeThatGrowsWithItAlone) {
  std::string list = "[{}";
  for (int i = 0; i < 300'000; ++i) list += ",{\"id\":1}";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(parse_json(list + "]", "x").size(), 300'001u);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(Json, CanonicalFormIsSortedAndWithoutSpaces) {
  EXPECT_EQ(canonical_json(parse_json(R"({"b": [1, 2.50, 1e-3], "a": {"d": "é\n", "c": null}})", "test")),
            "{\"a\":{\"c\":null,\"d\":\"é\\n\"},\"b\":[1,2.5,0.001]}");
}

TEST(Json, NumbersComeBackToTheSameBits) {
  for (const double number : {0.1, 1.0 / 3.0, 5e-324, 1.7976931348623157e308, -2.5e-8, 1e22}) {
    EXPECT_EQ(parse_json(canonical_json(number), "test").get<double>(), number);
  }
  EXPECT_EQ(canonical_json(0.1), "0.1");
  EXPECT_EQ(canonical_json(std::numeric_limits<int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(canonical_json(std::numeric_limits<uint64_t>::max()), "18446744073709551615");
}

TEST(Json, StoredFormIsIndentedAndEndsInANewline) {
  EXPECT_EQ(pretty_json({{"b", 1}, {"a", Json::array()}}), "{\n  \"a\": [],\n  \"b\": 1\n}\n");
}

TEST(Json, NamesTheKeyOfANumberThatIsNotFinite) {
  const Json value = {{"metrics", {{"loss", {1.0, std::nan("")}}}}};
  EXPECT_EQ(error_message<std::invalid_argument>([&] { canonical_json(value); }),
            "[json] key \"metrics.loss[1]\": expected a finite number; got nan");
  const Json infinite = {{"loss", -std::numeric_limits<double>::infinity()}};
  EXPECT_EQ(error_message<std::invalid_argument>([&] { pretty_json(infinite); }),
            "[json] key \"loss\": expected a finite number; got -inf");
}

TEST(Json, NamesTheKeyOfATextThatIsNotUtf8) {
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([] {
                 canonical_json({{"path", "a\xff"}});
               }),
               "key \"path\"");
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([] {
                 canonical_json({{"a\xff", 1}});
               }),
               "expected UTF-8");
}

TEST(Json, RefusesToPrintWhatItWouldNotRead) {
  Json value = 1;
  for (int i = 0; i < 257; ++i) value = Json::array({std::move(value)});
  EXPECT_THROW(canonical_json(value), std::invalid_argument);
}

TEST(Json, BriefFormIsOneShortLineOfPlainCharacters) {
  EXPECT_EQ(brief_json({{"a", "x\n\x1b[31m"}}), R"({"a":"x\n\u001b[31m"})");
  EXPECT_EQ(brief_json(std::string(1000, 'x')).size(), 83u);
  EXPECT_NO_THROW(brief_json("\xff"));
  EXPECT_EQ(brief_json(std::nan("")), "null");
}

TEST(Json, ReadsAFileAndNamesItInErrors) {
  const ScratchFolder folder;
  write_file_atomically(folder / "good.json", "{\"a\": 1} // one");
  write_file_atomically(folder / "bad.json", "{\"a\": }");
  EXPECT_EQ(read_json(folder / "good.json"), Json({{"a", 1}}));
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { read_json(folder / "bad.json"); }),
               (folder / "bad.json").string());
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { read_json(folder / "missing.json"); }),
               (folder / "missing.json").string());
}

}  // namespace
}  // namespace repbench
