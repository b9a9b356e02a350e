#include "protocols/composition.h"

#include <gtest/gtest.h>

#include "files/atomic.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/protocols/toy_clip.h"

namespace repbench {
namespace {

bool prefers(const std::vector<double>& right, const std::vector<double>& wrong) {
  return prefers_right(right, wrong);
}

TEST(Composition, ARightCaptionMustBeatEveryWrongOne) {
  EXPECT_TRUE(prefers({0.3}, {0.2}));
  EXPECT_FALSE(prefers({0.3}, {0.2, 0.4}));
  EXPECT_FALSE(prefers({0.3}, {0.3})) << "a tie is lost";
  EXPECT_TRUE(prefers({-1, 0.5}, {0.4, 0.2})) << "any of the right ones";
  EXPECT_FALSE(prefers({-1, 0.4}, {0.4, 0.2}));
}

// Rows are pictures, columns captions.
TEST(Composition, APairIsSolvedByStrictComparisonsAlone) {
  const auto score = [](double a, double b, double c, double d) {
    const PairScore result = score_pair({{{a, b}, {c, d}}});
    return std::array<bool, 3>{result.text, result.image, result.group};
  };
  using Flags = std::array<bool, 3>;
  EXPECT_EQ(score(4, 1, 1, 4), (Flags{true, true, true}));
  EXPECT_EQ(score(4, 3, 1, 2), (Flags{true, false, false}))
      << "the first picture beats the second for both captions";
  EXPECT_EQ(score(4, 1, 3, 2), (Flags{false, true, false}));
  EXPECT_EQ(score(2, 3, 3, 2), (Flags{false, false, false}));
  EXPECT_EQ(score(1, 1, 1, 1), (Flags{false, false, false})) << "a constant wins nothing";
  EXPECT_EQ(score(2, 1, 2, 3), (Flags{true, false, false})) << "a tie of pictures is lost";
  EXPECT_EQ(score(2, 2, 1, 3), (Flags{false, true, false})) << "a tie of captions is lost";
}

// Of all orders of four different scores.
TEST(Composition, GuessingScoresWhatIsSaidToBeChance) {
  std::array<double, 4> order = {0, 1, 2, 3};
  int text = 0, image = 0, group = 0;
  do {
    const PairScore score = score_pair({{{order[0], order[1]}, {order[2], order[3]}}});
    text += score.text;
    image += score.image;
    group += score.group;
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(text, 24 / 4);
  EXPECT_EQ(image, 24 / 4);
  EXPECT_EQ(group, 24 / 6);
  const Record record = pair_record(std::vector<CaptionPair>(1), std::vector<PairScore>(1));
  EXPECT_DOUBLE_EQ(record.find("winoground_text_score")->chance.value(), 1.0 / 4);
  EXPECT_DOUBLE_EQ(record.find("winoground_image_score")->chance.value(), 1.0 / 4);
  EXPECT_DOUBLE_EQ(record.find("winoground_group_score")->chance.value(), 1.0 / 6);
}

class Groups : public testing::Test {
 protected:
  std::string file(const Json& content) const {
    write_file_atomically(folder_ / "groups.json", content.dump());
    return (folder_ / "groups.json").string();
  }
  Record run(const Json& content, const Task& task, Json settings = Json::object()) const {
    settings["groups"] = file(content);
    return run_protocol("retrieval", settings, toy_clip(), task).record;
  }
  std::string error_of(const Json& content, Json settings = Json::object()) const {
    return error_message<std::invalid_argument>([&] { run(content, toy_task(4, 8), std::move(settings)); });
  }
  static Json hard(const Json& row) { return {{"hard_negatives", Json::array({row})}}; }
  static Json pair(const Json& row) { return {{"groups", Json::array({row})}}; }

  ScratchFolder folder_;
};

TEST_F(Groups, HardNegativesAreJudgedByTheirPicturesAlone) {
  const Json content = {{"hard_negatives",
                         {{{"picture", "test/0"},
                           {"captions", {"top left"}},
                           {"negatives", {"top right"}},
                           {"category", "swap"}},
                          {{"picture", "test/0"},
                           {"captions", {"bottom left"}},
                           {"negatives", {"top left"}},
                           {"category", "swap"}},
                          {{"picture", "test/5"},
                           {"captions", {"nothing", "the top right"}},
                           {"negatives", {"top left", "bottom left", "bottom right"}},
                           {"category", "add"}},
                          {{"picture", "test/7"},
                           {"captions", {"bottom right"}},
                           {"negatives", {"at the bottom right"}},
                           {"id", "tie"}}}}};
  const Task task = toy_task(4, 20);
  const Record record = run(content, task);
  EXPECT_EQ(reads_of(task), 3) << "only the pictures that are named are read";
  EXPECT_EQ(record.headline().name, "hard_negative_accuracy");
  EXPECT_DOUBLE_EQ(record.headline().value, 0.5);
  EXPECT_DOUBLE_EQ(record.headline().chance.value(), (0.5 + 0.5 + 2.0 / 5 + 0.5) / 4);
  EXPECT_EQ(record.metrics.size(), 1U) << "no gallery is searched";
  const OutcomeTable& table = record.outcomes->tables.at(0);
  EXPECT_EQ(table.unit, "group");
  EXPECT_EQ(table.ids, (std::vector<std::string>{"test/0#0", "test/0#1", "test/5#0", "tie"}));
  EXPECT_EQ(table.columns.at("correct"), (std::vector<double>{1, 0, 1, 0}));
  EXPECT_EQ(table.groups, (std::vector<int64_t>{0, 0, 1, 2})) << "rows of a picture stand together";
  EXPECT_EQ(record.resolved.at("pictures"), 3);
  EXPECT_EQ(record.resolved.at("by_category").at("swap"), Json({{"n", 2}, {"accuracy", 0.5}}));
  EXPECT_DOUBLE_EQ(record.resolved.at("mean_by_category").get<double>(), 0.75);
  EXPECT_EQ(record.curves.at(0).x_ticks, (std::vector<std::string>{"add", "swap"}));
}

TEST_F(Groups, PairsAreScoredByTextByPictureAndByBoth) {
  const auto row = [](const char* a, const char* b, const char* first, const char* second) {
    return Json{{"pictures", {a, b}}, {"captions", {first, second}}, {"tag", "place"}};
  };
  const Record record = run(
      {{"groups",
        {row("test/0", "test/1", "top left", "top right"), row("test/0", "test/1", "top right", "top left"),
         row("test/2", "test/6", "bottom left", "top left")}}},
      toy_task(4, 20));
  EXPECT_EQ(record.headline().name, "winoground_group_score");
  EXPECT_DOUBLE_EQ(record.headline().value, 1.0 / 3);
  EXPECT_EQ(record.headline().n, 3);
  const OutcomeTable& table = record.outcomes->tables.at(0);
  EXPECT_EQ(table.ids[1], "test/0|test/1#1");
  EXPECT_EQ(table.columns.at("group_correct"), (std::vector<double>{1, 0, 0}));
  EXPECT_EQ(table.columns.at("text_correct"), (std::vector<double>{1, 0, 0}));
  EXPECT_EQ(table.columns.at("image_correct")[1], 0);
  EXPECT_EQ(record.resolved.at("by_tag").at("place").at("n"), 3);
}

TEST_F(Groups, WhatIsWrongInTheFileIsNamed) {
  const Json good = {{"picture", "test/0"}, {"captions", {"a"}}, {"negatives", {"b"}}};
  const auto changed = [](Json row, const char* key, const Json& value) {
    row[key] = value;
    return row;
  };
  EXPECT_PRED2(contains, error_of(hard(changed(good, "captions", Json::array()))),
               "groups.json: expected at least one caption at hard_negatives[0].captions");
  EXPECT_PRED2(contains, error_of(hard(changed(good, "negatives", {"a", "c"}))), "not among the right ones");
  EXPECT_PRED2(contains, error_of(hard(changed(good, "negatives", {""}))),
               "a caption at hard_negatives[0].negatives[0]");
  EXPECT_PRED2(contains, error_of(hard(changed(good, "colour", "red"))), "colour");
  EXPECT_PRED2(contains, error_of({{"hard_negatives", Json::array()}}), "at least one row");
  EXPECT_PRED2(contains, error_of(Json::object()), "one of the keys 'hard_negatives' and 'groups'");
  EXPECT_PRED2(contains, error_of({{"hard_negatives", {good}}, {"groups", Json::array()}}),
               "one of the keys");
  EXPECT_PRED2(contains, error_of(hard(changed(good, "picture", "test/9"))),
               "expected ids of the 8 test pictures; got 'test/9' in 'test/9#0' (did you mean");
  const Json named = changed(good, "id", "x");
  EXPECT_PRED2(contains, error_of({{"hard_negatives", {named, named}}}),
               "each id once ('x' is another row's)");
  const Json pairs = {{"pictures", {"test/0", "test/1"}}, {"captions", {"a", "b"}}};
  EXPECT_PRED2(contains, error_of(pair(changed(pairs, "pictures", {"test/0", "test/0"}))),
               "expected two different pictures at groups[0].pictures");
  EXPECT_PRED2(contains, error_of(pair(changed(pairs, "pictures", {"test/0"}))), "expected two pictures");
  EXPECT_PRED2(contains, error_of(pair(changed(pairs, "captions", {"a", "a"}))), "two different captions");
}

TEST_F(Groups, SettingsOfGalleriesAndFilesOfFeaturesAreRefused) {
  const Json content = hard({{"picture", "test/0"}, {"captions", {"a"}}, {"negatives", {"b"}}});
  EXPECT_PRED2(contains, error_of(content, {{"candidates", 4}}),
               "[retrieval] key 'candidates': expected 0 (all) with groups");
  EXPECT_PRED2(contains, error_of(content, {{"captions_per_picture", 1}}), "key 'captions_per_picture'");
  EXPECT_EQ(error_message<std::invalid_argument>([&] {
              run_protocol("retrieval", {{"groups", file(content)}}, tiny_vit(), toy_task(4, 4));
            }),
            "[retrieval] expected an encoder with a text side; got vit");
}

}  // namespace
}  // namespace repbench
