#include "datasets/text/prompts.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "files/atomic.h"
#include "tests/datasets/text/vocabulary.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

size_t places(const std::string& text) {
  size_t count = 0;
  for (size_t at = text.find("{}"); at != std::string::npos; at = text.find("{}", at + 1)) ++count;
  return count;
}

TEST(Prompts, AreKnownForOurOwnDataSets) {
  const PromptSet fashion = prompts_for("fashion_mnist");
  EXPECT_EQ(fashion.class_names.size(), 10U);
  EXPECT_EQ(fashion.class_names.front(), "t-shirt");
  for (const std::string name : {"shapes_colour", "shapes_shape", "shapes_count", "shapes_relation"}) {
    const PromptSet set = prompts_for(name);
    EXPECT_EQ(set.name, name);
    EXPECT_TRUE(set.class_names.empty()) << "the data set has them";
    EXPECT_FALSE(set.templates.empty());
    EXPECT_EQ(set.source, "repbench");
  }
}

TEST(Prompts, AreKnownForClipsDataSets) {
  SKIP_WITHOUT_TEXT_DATA();
  const PromptSet imagenet = prompts_for("imagenet1k");
  EXPECT_EQ(imagenet.class_names.size(), 1000U);
  EXPECT_EQ(imagenet.class_names.front(), "tench");
  EXPECT_EQ(imagenet.templates.size(), 80U);
  EXPECT_EQ(imagenet.templates.front(), "a bad photo of a {}.");
  EXPECT_EQ(prompts_for("cifar100").templates.size(), 18U);
  EXPECT_TRUE(prompts_for("cifar10").class_names.empty()) << "the data set has them";
  EXPECT_EQ(prompts_for("caltech101").class_names.size(), 102U);
  EXPECT_EQ(prompts_for("caltech101_vtab").templates, imagenet.templates) << "nobody wrote others";
}

TEST(Prompts, TheSevenTemplatesOfImageNetHaveTheNamesOfTheEighty) {
  SKIP_WITHOUT_TEXT_DATA();
  const PromptSet seven = prompts_for("imagenet_7"), eighty = prompts_for("imagenet1k");
  EXPECT_EQ(seven.templates.size(), 7U);
  EXPECT_EQ(seven.class_names, eighty.class_names);
  for (const std::string& text : seven.templates)
    EXPECT_NE(std::find(eighty.templates.begin(), eighty.templates.end(), text), eighty.templates.end())
        << text;
  EXPECT_EQ(seven.class_names[657], "missile");
  EXPECT_EQ(seven.class_names[744], "missile");
}

TEST(Prompts, HaveOnePlaceForTheClassInEveryTemplate) {
  const std::vector<std::string> names = prompt_set_names();
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_GE(names.size(), 5U);
  for (const std::string& name : names) {
    const PromptSet set = prompts_for(name);
    for (const std::string& text : set.templates) EXPECT_EQ(places(text), 1U) << name << ": " << text;
  }
}

TEST(Prompts, WithoutClipsFilesAreThoseThatDoWithoutThem) {
  const ScratchFolder empty;
  const char* before = std::getenv("REPBENCH_TEXT_DATA");
  const std::string kept = before != nullptr ? before : "";
  setenv("REPBENCH_TEXT_DATA", empty.path().c_str(), 1);
  const std::vector<std::string> names = prompt_set_names();
  const std::string message = error_message<std::runtime_error>([] { prompts_for("imagenet_7"); });
  before != nullptr ? setenv("REPBENCH_TEXT_DATA", kept.c_str(), 1) : unsetenv("REPBENCH_TEXT_DATA");
  EXPECT_NE(std::find(names.begin(), names.end(), "fashion_mnist"), names.end());
  EXPECT_EQ(std::find(names.begin(), names.end(), "imagenet_7"), names.end());
  EXPECT_PRED2(contains, message, "setup");
}

TEST(Prompts, NameTheNearestSet) {
  SKIP_WITHOUT_TEXT_DATA();
  const auto message = error_message<std::invalid_argument>([] { prompts_for("imagenet1"); });
  EXPECT_PRED2(contains, message, "got 'imagenet1' (did you mean 'imagenet1k'?)");
}

class PromptFile : public testing::Test {
 protected:
  PromptSet read(const std::string& content) {
    const std::string path = (folder_ / "mine.json").string();
    write_file_atomically(path, content);
    return prompts_for(path);
  }

  std::string refusal(const std::string& content) {
    return error_message<std::invalid_argument>([&] { read(content); });
  }

  ScratchFolder folder_;
};

TEST_F(PromptFile, IsReadFromAPath) {
  const PromptSet set =
      read(R"({"source": "me", "class_names": ["cat", "dog"], "templates": ["a {}.", "my {}"]})");
  EXPECT_EQ(set.name, "mine");
  EXPECT_EQ(set.class_names, (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(set.source, "me");
  EXPECT_EQ(fill_template(set.templates[1], set.class_names[1]), "my dog");
}

TEST_F(PromptFile, MayHoldTextsOfEachClassesOwn) {
  const PromptSet set = read(R"({"tench": ["A tench is a fish.", "A green fish."], "hen": ["A bird."]})");
  EXPECT_TRUE(set.templates.empty());
  EXPECT_EQ(set.class_texts.at("tench"), (std::vector<std::string>{"A tench is a fish.", "A green fish."}));
  EXPECT_PRED2(contains, refusal(R"({"tench": []})"), "at least one text at tench");
  EXPECT_PRED2(contains, refusal(R"({"tench": ["a fish", ""]})"), "a text at tench[1]");
  EXPECT_PRED2(contains, refusal(R"({"tench": "a fish"})"), "tench");
  EXPECT_PRED2(contains, refusal("{}"), "templates, or texts of each class");
}

TEST(Prompts, NoneGivesTheClassNamesAsTheyAre) {
  const PromptSet set = prompts_for("none");
  EXPECT_TRUE(set.class_names.empty());
  EXPECT_EQ(set.templates, std::vector<std::string>{"{}"});
}

TEST_F(PromptFile, MayTakeTheClassNamesOfOneOfClipsSets) {
  SKIP_WITHOUT_TEXT_DATA();
  EXPECT_EQ(read(R"({"class_names_of": "imagenet1k", "templates": ["my {}"]})").class_names,
            prompts_for("imagenet1k").class_names);
  for (const char* other : {"imagenet", "cifar10", "imagenet_7"}) {
    EXPECT_PRED2(contains,
                 refusal(fmt::format(R"({{"class_names_of": "{}", "templates": ["{{}}"]}})", other)),
                 "one of CLIP's sets that has class names at class_names_of");
  }
  EXPECT_PRED2(contains,
               refusal(R"({"class_names_of": "imagenet1k", "class_names": ["cat"], "templates": ["{}"]})"),
               "beside 'class_names'");
}

TEST_F(PromptFile, IsCheckedStrictly) {
  EXPECT_PRED2(contains, refusal(R"({"source": "me", "templates": ["a cat"]})"), "one '{}' at templates[0]");
  EXPECT_PRED2(contains, refusal(R"({"source": "me", "templates": ["{} {}"]})"), "mine.json");
  EXPECT_PRED2(contains, refusal(R"({"source": "me", "templates": []})"), "at least one template");
  EXPECT_EQ(read(R"({"templates": ["a {}"]})").source, "not said");
  EXPECT_PRED2(contains, refusal(R"({"source": "me", "templates": ["a {}"], "class_names": [""]})"),
               "class_names[0]");
  EXPECT_PRED2(contains, refusal(R"({"source": "me", "template": ["a {}"]})"), "template");
  EXPECT_THROW(prompts_for((folder_ / "absent.json").string()), std::runtime_error);
}

TEST(FillTemplate, WantsAPlaceForTheClass) {
  EXPECT_EQ(fill_template("a {}.", "dog"), "a dog.");
  EXPECT_THROW(fill_template("a dog", "cat"), std::invalid_argument);
}

}  // namespace
}  // namespace repbench
