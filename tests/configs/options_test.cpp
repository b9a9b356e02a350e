#include "configs/options.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "files/atomic.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

struct ModelOptions {
  int64_t width = 192;
  int64_t depth = 4;
  std::vector<int64_t> taps = {3, 4};

  void describe(Options& options) {
    options.add("width", &width, {.help = "Features of a token", .minimum = 1, .maximum = 4096});
    options.add("depth", &depth, {.help = "Blocks", .minimum = 0});
    options.add("taps", &taps, {.help = "Blocks that are read", .minimum = 0, .maximum = 12});
  }
};

struct RunOptions {
  ModelOptions model;
  double mask_ratio = 0.75;
  bool normalise = false;
  std::string precision = "fp32";
  std::string out = "runs";
  std::vector<double> penalties = {1, 0.1};
  std::vector<std::string> protocols = {"knn"};

  void describe(Options& options) {
    options.add_group("model", model);
    options.add("mask_ratio", &mask_ratio,
                {.help = "Patches that are hidden", .minimum = 0, .maximum = 0.99});
    options.add("normalise", &normalise, {.help = "Targets per patch"});
    options.add("precision", &precision, {.help = "Arithmetic", .choices = {"fp32", "bf16"}});
    options.add("out", &out, {.help = "Folder", .identity = false});
    options.add("penalties", &penalties, {.help = "Tried", .minimum = 0});
    options.add("protocols", &protocols, {.help = "Judges", .choices = {"knn", "linear_probe"}});
  }
};

class OptionsTest : public testing::Test {
 protected:
  OptionsTest() { run_.describe(options_); }

  std::string refusal(std::string_view assignment) {
    return error_message<std::invalid_argument>([&] { options_.set_from_text(assignment); });
  }
  std::string refusal_of_object(const Json& object) {
    return error_message<std::invalid_argument>([&] { options_.set_all(object, "run.json"); });
  }

  RunOptions run_;
  Options options_;
};

TEST_F(OptionsTest, TakeNestedAndDottedKeysMixed) {
  options_.set_all({{"model", {{"width", 64}}}, {"model.depth", 2}, {"mask_ratio", 0.5}}, "run.json");
  EXPECT_EQ(run_.model.width, 64);
  EXPECT_EQ(run_.model.depth, 2);
  EXPECT_EQ(run_.mask_ratio, 0.5);
}

TEST_F(OptionsTest, TakeTextOfEveryType) {
  for (const char* text : {"model.width=1e3", "model.taps=1,2,5", "mask_ratio=0", "normalise=true",
                           "precision=bf16", "penalties=[1, 2.5]", "protocols=knn,linear_probe"}) {
    options_.set_from_text(text);
  }
  EXPECT_EQ(run_.model.width, 1000);
  EXPECT_EQ(run_.model.taps, (std::vector<int64_t>{1, 2, 5}));
  EXPECT_EQ(run_.mask_ratio, 0.0);
  EXPECT_TRUE(run_.normalise);
  EXPECT_EQ(run_.precision, "bf16");
  EXPECT_EQ(run_.penalties, (std::vector<double>{1, 2.5}));
  EXPECT_EQ(run_.protocols, (std::vector<std::string>{"knn", "linear_probe"}));
}

TEST_F(OptionsTest, TextOfAStringIsTakenAsItStandsUnlessItIsAJsonString) {
  for (const auto& [text, value] : std::vector<std::pair<std::string, std::string>>{{"3", "3"},
                                                                                    {"true", "true"},
                                                                                    {"null", "null"},
                                                                                    {"\"a b\"", "a b"},
                                                                                    {"", ""},
                                                                                    {"a=b", "a=b"},
                                                                                    {"\"open", "\"open"},
                                                                                    {"/a//b", "/a//b"},
                                                                                    {"{x", "{x"}}) {
    options_.set_from_text("out=" + text);
    EXPECT_EQ(run_.out, value);
  }
}

TEST_F(OptionsTest, TextOfAListMayHoldOneOrNone) {
  options_.set_from_text("model.taps=7");
  EXPECT_EQ(run_.model.taps, std::vector<int64_t>{7});
  options_.set_from_text("model.taps=");
  EXPECT_TRUE(run_.model.taps.empty());
  for (const char* text :
       {"model.taps=1,,2", "model.taps=1,", "model.taps=[1", "model.taps=1.5", "model.taps=1,13"}) {
    EXPECT_PRED2(contains, refusal(text), "expected a list of integers in [0, 12]; got ") << text;
  }
}

TEST_F(OptionsTest, AGroupCanBeSetAsOneObject) {
  options_.set_from_text(R"(model={"width": 8, "depth": 1})");
  EXPECT_EQ(run_.model.width, 8);
  EXPECT_PRED2(contains, refusal(R"(model={"widht": 8})"), "did you mean 'model.width'?");
  EXPECT_PRED2(contains, refusal("model={\"width\": 8"), "[command line: model] expected JSON");
}

TEST_F(OptionsTest, NameAMisspeltKeyAndItsNeighbour) {
  EXPECT_EQ(refusal("mask_ration=0.5"),
            "[command line] key 'mask_ration': unknown; did you mean 'mask_ratio'?");
  EXPECT_EQ(refusal_of_object({{"model", {{"widht", 3}}}}),
            "[run.json] key 'model.widht': unknown; did you mean 'model.width'?");
  EXPECT_PRED2(contains, refusal("width=3"), "did you mean 'model.width'?");
  EXPECT_PRED2(contains, refusal_of_object({{"modle", {{"width", 3}}}}), "key 'modle': unknown");
}

TEST_F(OptionsTest, ListTheKeysWhereNoneIsNear) {
  EXPECT_EQ(
      refusal("temperature=3"),
      "[command line] key 'temperature': unknown; expected one of model.*, mask_ratio, normalise, precision, "
      "out, penalties, protocols");
  EXPECT_EQ(refusal("model.x=3"),
            "[command line] key 'model.x': unknown; expected one of model.width, model.depth, model.taps");
}

TEST_F(OptionsTest, AGroupIsNoKey) {
  const std::string message =
      "key 'model': expected one of this group's keys (model.width, model.depth, model.taps) or an object; "
      "got the "
      "group itself";
  EXPECT_EQ(refusal("model=3"), "[command line] " + message);
  EXPECT_EQ(refusal_of_object({{"model", 3}}), "[run.json] " + message);
  EXPECT_NE(refusal_of_object({{"mask_ratio", {{"x", 3}}}}), "");
}

TEST_F(OptionsTest, NameTheRangeThatIsLeft) {
  EXPECT_EQ(refusal("mask_ratio=1.5"),
            "[command line] key 'mask_ratio': expected a number in [0, 0.99]; got 1.5");
  EXPECT_EQ(refusal("model.width=0"),
            "[command line] key 'model.width': expected an integer in [1, 4096]; got 0");
  EXPECT_EQ(refusal("model.depth=-1"), "[command line] key 'model.depth': expected an integer >= 0; got -1");
  EXPECT_EQ(refusal("penalties=1,-2"),
            "[command line] key 'penalties': expected a list of numbers >= 0; got [1,-2]");
  EXPECT_EQ(run_.mask_ratio, 0.75);
  EXPECT_EQ(run_.penalties, (std::vector<double>{1, 0.1}));
}

TEST(OptionsZero, MayBeSaidByItsWordAndIsShownByIt) {
  int64_t limit = 0;
  Options options;
  options.add("limit", &limit, {.help = "Pictures", .minimum = 0, .zero = "all"});
  options.set_from_text("limit=7");
  EXPECT_EQ(limit, 7);
  options.set_from_text("limit=all");
  EXPECT_EQ(limit, 0);
  options.set_all({{"limit", "all"}}, "run.json");
  EXPECT_EQ(limit, 0);
  EXPECT_EQ(options.to_json(), Json({{"limit", 0}}));
  EXPECT_PRED2(contains, options.print(), "limit = all");
  EXPECT_PRED2(contains, options.help(), "all");
  EXPECT_EQ(error_message<std::invalid_argument>([&] { options.set_from_text("limit=al"); }),
            "[command line] key 'limit': expected an integer >= 0, or 'all'; got \"al\"");
}

TEST_F(OptionsTest, NameTheChoices) {
  EXPECT_EQ(
      refusal("precision=fp31"),
      "[command line] key 'precision': expected a string out of 'fp32', 'bf16'; got \"fp31\"; did you mean "
      "'fp32'?");
  EXPECT_PRED2(contains, refusal("protocols=knn,svm"),
               "expected a list of strings out of 'knn', 'linear_probe'");
}

TEST_F(OptionsTest, RefuseOtherTypes) {
  for (const char* value : {"1.5", "\"64\"", "true", "null", "[64]", "{}", "18446744073709551615", "1e300"}) {
    EXPECT_PRED2(contains, refusal_of_object({{"model.width", Json::parse(value)}}), "expected an integer")
        << value;
  }
  for (const char* value : {"\"0.5\"", "false", "null", "[0.5]"}) {
    EXPECT_PRED2(contains, refusal_of_object({{"mask_ratio", Json::parse(value)}}), "expected a number")
        << value;
  }
  for (const char* text : {"normalise=1", "normalise=True", "normalise=", "normalise=\"true\""}) {
    EXPECT_PRED2(contains, refusal(text), "expected true or false") << text;
  }
  EXPECT_PRED2(contains, refusal_of_object({{"out", 3}}), "expected a string; got 3");
  EXPECT_PRED2(contains, refusal_of_object({{"model.taps", 3}}), "expected a list of integers");
  EXPECT_PRED2(contains, refusal_of_object({{"out", "\xff"}}), "expected a string");
}

TEST_F(OptionsTest, RefuseNumbersThatAreNotFinite) {
  EXPECT_NE(refusal_of_object({{"penalties", {std::numeric_limits<double>::infinity()}}}), "");
  EXPECT_NE(refusal_of_object({{"mask_ratio", std::nan("")}}), "");
  for (const char* text : {"penalties=inf", "mask_ratio=nan", "penalties=1e999"})
    EXPECT_NE(refusal(text), "");
}

TEST_F(OptionsTest, TakeIntegersForNumbersAndWholeNumbersForIntegers) {
  options_.set_all({{"mask_ratio", 0}, {"model.width", 5.0}, {"penalties", {1, 2u}}}, "run.json");
  EXPECT_EQ(run_.mask_ratio, 0.0);
  EXPECT_EQ(run_.model.width, 5);
  EXPECT_EQ(run_.penalties, (std::vector<double>{1, 2}));
}

TEST_F(OptionsTest, RefuseAKeyGivenNestedAndDotted) {
  EXPECT_EQ(refusal_of_object({{"model.width", 3}, {"model", {{"width", 4}}}}),
            "[run.json] key 'model.width': expected once; got it nested and dotted");
}

TEST_F(OptionsTest, RefuseTextThatIsNoAssignment) {
  EXPECT_EQ(refusal("normalise"), "[command line] expected key=value; got 'normalise'");
  EXPECT_EQ(refusal("=3"), "[command line] expected key=value; got '=3'");
}

TEST_F(OptionsTest, ReadAPresetFileWithComments) {
  const ScratchFolder folder;
  write_file_atomically(folder / "run.json",
                        "// small\n{\"model\": {\"width\": 32}, /* half */ \"mask_ratio\": 0.5}");
  options_.set_from_file(folder / "run.json");
  EXPECT_EQ(run_.model.width, 32);
  EXPECT_EQ(run_.mask_ratio, 0.5);
}

TEST_F(OptionsTest, NameThePresetFileInEveryError) {
  const ScratchFolder folder;
  const auto path = folder / "run.json";
  const auto refusal_of = [&](const std::string& text) {
    write_file_atomically(path, text);
    return error_message<std::invalid_argument>([&] { options_.set_from_file(path); });
  };
  EXPECT_EQ(refusal_of("[1]"), "[" + path.string() + "] expected an object of options; got [1]");
  EXPECT_EQ(refusal_of("{\"mask_ratio\": 2}"),
            "[" + path.string() + "] key 'mask_ratio': expected a number in [0, 0.99]; got 2");
  EXPECT_PRED2(contains, refusal_of("{\"out\": \"a\", \"out\": \"b\"}"), path.string());
  EXPECT_PRED2(contains, refusal_of("{\"out\": }"), path.string());
  EXPECT_THROW(options_.set_from_file(folder / "none.json"), std::runtime_error);
}

TEST_F(OptionsTest, ResolvedValuesComeBackFromTheirJson) {
  for (const char* text : {"model.width=7", "penalties=0.3", "protocols=", "out=é", "mask_ratio=0.1"}) {
    options_.set_from_text(text);
  }
  const Json stored = parse_json(canonical_json(options_.to_json()), "stored");
  EXPECT_EQ(stored["model"]["width"], 7);
  RunOptions other;
  Options other_options;
  other.describe(other_options);
  other_options.set_all(stored, "stored");
  EXPECT_EQ(other_options.to_json(), options_.to_json());
}

TEST_F(OptionsTest, IdentityLeavesOutWhatDoesNotChangeResults) {
  EXPECT_TRUE(options_.to_json().contains("out"));
  Json expected = options_.to_json();
  expected.erase("out");
  EXPECT_EQ(options_.to_json(true), expected);
  EXPECT_EQ(Options().to_json(), Json::object());
}

TEST(Options, HelpAlignsKeyDefaultUnitRangeAndText) {
  int64_t epochs = 5;
  double rate = 1.5e-4;
  std::string kind = "mae";
  Options options;
  options.add("epochs", &epochs, {.help = "How long", .unit = "epochs", .minimum = 1, .maximum = 1e6});
  options.add("rate", &rate, {.help = "Of learning"});
  options.add("kind", &kind, {.help = "Method", .choices = {"mae", "clip"}});
  epochs = 6;
  EXPECT_EQ(options.help(),
            "epochs  5        epochs  [1, 1000000]  How long\n"
            "rate    0.00015                        Of learning\n"
            "kind    mae              mae|clip      Method\n");
}

TEST_F(OptionsTest, PrintStarsWhatDiffersFromTheDefault) {
  EXPECT_TRUE(options_.differences().empty());
  options_.set_from_text("model.width=64");
  options_.set_from_text("out=");
  options_.set_from_text("mask_ratio=0.75");
  EXPECT_EQ(options_.print(),
            "* model.width = 64\n  model.depth = 4\n  model.taps = [3,4]\n  mask_ratio = 0.75\n"
            "  normalise = false\n  precision = fp32\n* out = \"\"\n  penalties = [1.0,0.1]\n"
            "  protocols = [\"knn\"]\n");
  EXPECT_EQ(options_.differences(),
            (std::vector<std::string>{"model.width = 64 (default 192)", "out = \"\" (default runs)"}));
}

TEST_F(OptionsTest, KeysStandInTheOrderOfTheFieldList) {
  EXPECT_EQ(options_.keys(),
            (std::vector<std::string>{"model.width", "model.depth", "model.taps", "mask_ratio", "normalise",
                                      "precision", "out", "penalties", "protocols"}));
}

TEST(Options, AFieldListThatContradictsItselfIsOurOwnMistake) {
  int64_t number = 3;
  Options options;
  options.add("a", &number, {.help = ""});
  EXPECT_THROW(options.add("a", &number, {.help = ""}), std::logic_error);
  EXPECT_THROW(options.add("a.b", &number, {.help = ""}), std::logic_error);
  EXPECT_THROW(options.add("small", &number, {.help = "", .maximum = 2}), std::logic_error);
  std::string text = "x";
  EXPECT_THROW(options.add("text", &text, {.help = "", .choices = {"y"}}), std::logic_error);
}

}  // namespace
}  // namespace repbench
