#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "reports/statistics/intervals.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/protocols/tap_encoder.h"

namespace repbench {
namespace {

Record run(const Subject& subject, const Task& task, Json settings = Json::object(),
           const ProtocolContext& context = {}) {
  if (!settings.contains("k")) settings["k"] = {1, 5, 20};
  return run_protocol("knn", settings, subject, task, context).record;
}

TEST(Knn, IsRightOnSeparablePictures) {
  const Record record = run(raw_pixels(), toy_task(120, 80));
  EXPECT_DOUBLE_EQ(record.headline().value, 1.0);
  EXPECT_EQ(record.headline().n, 80);
  EXPECT_DOUBLE_EQ(record.headline().chance.value(), 0.25);
}

TEST(Knn, IsNearChanceOnLabelsThatSayNothing) {
  EXPECT_NEAR(run(raw_pixels(), toy_task(400, 400, /*shuffled=*/true)).headline().value, 0.25, 0.08);
}

TEST(Knn, ReportsEveryKAndTheOneThatCounts) {
  const Record record = run(tiny_vit(), toy_task(120, 40), {{"k", {1, 7, 30}}, {"headline_k", 7}});
  ASSERT_EQ(record.curves.size(), 1U);
  EXPECT_EQ(record.curves[0].x, (std::vector<double>{1, 7, 30}));
  EXPECT_EQ(record.curves[0].intervals.size(), 3U);
  EXPECT_DOUBLE_EQ(record.headline().value, record.curves[0].y[1]);
}

TEST(Knn, AsManyNeighboursAsThereAreVoteByWeight) {
  // With a small temperature the nearest decides, whatever k.
  const Record record =
      run(raw_pixels(), toy_task(20, 40), {{"k", {1, 20}}, {"headline_k", 1}, {"temperature", 1e-3}});
  EXPECT_DOUBLE_EQ(record.curves[0].y[0], 1.0);
  EXPECT_DOUBLE_EQ(record.curves[0].y[1], 1.0);
}

TEST(Knn, OutcomesAreThoseOfTheTestSet) {
  const Record record = run(tiny_vit(), toy_task(80, 30));
  const OutcomeTable& outcomes = record.outcomes.value().tables.at(0);
  ASSERT_EQ(outcomes.ids.size(), 30U);
  EXPECT_EQ(outcomes.ids[29], "test/29");
  double correct = 0;
  for (const double one : outcomes.columns.at("correct")) correct += one;
  EXPECT_DOUBLE_EQ(record.headline().value, correct / 30);
}

TEST(Knn, ChoosesTheTapOnHeldOutTrain) {
  const Task task = toy_task(120, 40);
  EXPECT_EQ(run(tap_subject(), task, {{"taps", {"a_constant", "z_pixels"}}}).resolved.at("tap"), "z_pixels");
  EXPECT_EQ(run(tap_subject(), task, {{"taps", {"z_pixels", "m_pixels"}}}).resolved.at("tap"), "z_pixels")
      << "equal taps: the one named first";
}

TEST(Knn, TestLabelsDoNotInfluenceTheChoice) {
  Task task = toy_task(120, 60);
  const Json honest = run(tiny_vit(), task).resolved;
  task.test = std::make_shared<ToyPictures>("test", 60, /*shuffled=*/true);
  EXPECT_EQ(run(tiny_vit(), task).resolved, honest);
}

TEST(Knn, TwoRunsFromEmptyCachesAgree) {
  const ScratchFolder folder;
  ProtocolContext first, second;
  first.cache = folder / "a";
  second.cache = folder / "b";
  second.workers = 3;
  const Task task = toy_task(120, 40);
  EXPECT_EQ(comparable(run(tiny_vit(), task, Json::object(), first), "knn"),
            comparable(run(tiny_vit(), task, Json::object(), second), "knn"));
}

TEST(Knn, NamesTheSettingThatCannotBe) {
  const Task task = toy_task(40, 8);
  const auto message = [&](const Json& settings) {
    return error_message<std::invalid_argument>([&] { run(tap_subject(), task, settings); });
  };
  EXPECT_PRED2(contains, message({{"k", {1, 41}}, {"headline_k", 1}}), "key 'k'");
  EXPECT_PRED2(contains, message({{"k", {1, 41}}, {"headline_k", 1}}), "40 training examples; got 41");
  EXPECT_PRED2(contains, message({{"k", {1, 5}}}), "key 'headline_k'");
  EXPECT_PRED2(contains, message({{"n_per_class", Json::array()}}), "key 'n_per_class'");
  EXPECT_PRED2(contains, message({{"n_per_class", {11}}}), "11");
  EXPECT_PRED2(contains, message({{"metric", "manhattan"}}), "key 'metric'");
  EXPECT_PRED2(contains, message({{"temperature", 0}}), "key 'temperature'");
  EXPECT_PRED2(contains, message({{"taps", {"tokens"}}}), "key 'taps'");
}

TEST(Knn, SaysWhenTheKeptPartIsSmallerThanTheHeadlineK) {
  const std::string message = error_message<std::invalid_argument>([] {
    run(raw_pixels(), toy_task(21, 8), {{"k", {20}}, {"held_out", 0.5}});
  });
  EXPECT_PRED2(contains, message, "headline_k");
}

ProtocolResult result_of(const Subject& subject, const Task& task, const Json& settings) {
  return run_protocol("knn", settings, subject, task);
}

TEST(Knn, TheUsualListOfKEndsWithTheTrainingPictures) {
  const Record small = result_of(raw_pixels(), toy_task(60, 12), Json::object()).record;
  EXPECT_EQ(small.curves.at(0).x, (std::vector<double>{1, 5, 10, 20, 50}));
  EXPECT_EQ(small.resolved.at("k"), (std::vector<int64_t>{1, 5, 10, 20, 50}));
  ASSERT_EQ(small.warnings.size(), 1U);
  EXPECT_EQ(small.warnings[0], "there are 60 training pictures: k = 100, 200 left out");
  const Record large = result_of(raw_pixels(), toy_task(240, 12), Json::object()).record;
  EXPECT_EQ(large.curves.at(0).x.back(), 200);
  EXPECT_TRUE(large.warnings.empty());
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([] {
                 result_of(raw_pixels(), toy_task(16, 8), Json::object());
               }),
               "[knn] key 'headline_k': expected at most the 16 training examples; got 20");
}

TEST(Knn, ShardsChangeNothing) {
  const Task task = toy_task(1100, 40);
  const Json whole = comparable(run(tiny_vit(), task), "knn");
  for (const int shards : {2, 7, 2000})
    EXPECT_EQ(comparable(run(tiny_vit(), task, {{"shards", shards}}), "knn"), whole);
}

TEST(Knn, TheNearestByDistanceIsNotTheNearestByAngle) {
  const Task task = toy_task(120, 60, /*shuffled=*/true);
  std::set<std::vector<double>> predictions;
  for (const char* metric : {"cosine", "inner_product", "l2"}) {
    const Record record = run(raw_pixels(), task, {{"metric", metric}});
    predictions.insert(record.outcomes->column("prediction"));
    EXPECT_DOUBLE_EQ(
        run(raw_pixels(), toy_task(120, 60), {{"metric", metric}, {"headline_k", 5}}).headline().value, 1.0)
        << metric;
  }
  EXPECT_EQ(predictions.size(), 3U);
}

TEST(Knn, FewPicturesOfAClassAreDrawnAndAveraged) {
  const Task task = toy_task(160, 40, /*shuffled=*/true);
  const ProtocolResult result = result_of(
      raw_pixels(), task, {{"n_per_class", {0, 8, 2}}, {"seeds", 3}, {"k", {1, 5}}, {"headline_k", 5}});
  const Record& record = result.record;
  EXPECT_EQ(record.headline().name, "accuracy") << "0: all training pictures";
  EXPECT_EQ(record.resolved.at("k_by_n_per_class"), Json({{"2", 2}, {"8", 5}}));
  const Metric& two = *record.find("accuracy_2_per_class");
  EXPECT_EQ(two.n, 120);
  EXPECT_EQ(two.repetitions->values.size(), 3U);
  const MeanAndDeviation spread = mean_and_deviation(two.repetitions->values);
  EXPECT_DOUBLE_EQ(two.value, spread.mean);
  EXPECT_EQ(record.resolved.at("deviation_by_n_per_class").at("2"), spread.standard_deviation);
  EXPECT_EQ(record.curves.at(1).x, (std::vector<double>{2, 8}));
  ASSERT_EQ(result.draws.size(), 6U);
  EXPECT_EQ(result.draws[0].first, "seed0-shots2");
  const std::vector<int64_t>&few = result.draws[0].second.indices, &many = result.draws[1].second.indices;
  EXPECT_EQ(few.size(), 8U);
  EXPECT_EQ(many.size(), 32U);
  EXPECT_TRUE(std::includes(many.begin(), many.end(), few.begin(), few.end())) << "draws are nested";
  // A draw is judged as if nothing else were there.
  Task alone = task;
  alone.train_examples = result.draws[1].second;
  EXPECT_DOUBLE_EQ(run(raw_pixels(), alone, {{"k", {5}}, {"headline_k", 5}}).headline().value,
                   record.find("accuracy_8_per_class")->repetitions->values[0]);
}

TEST(Knn, WithoutAllTheMostPicturesOfAClassAreTheHeadline) {
  const Record record = result_of(tap_subject(), toy_task(16, 40),
                                  {{"n_per_class", {1, 2}}, {"seeds", 2}, {"taps", {"z_pixels"}}})
                            .record;
  EXPECT_EQ(record.headline().name, "accuracy_2_per_class");
  EXPECT_EQ(record.find("accuracy"), nullptr);
  EXPECT_TRUE(record.warnings.empty());
  EXPECT_FALSE(record.outcomes->tables[0].columns.contains("correct"));
  const Record chosen = result_of(tap_subject(), toy_task(120, 40), {{"n_per_class", {1}}}).record;
  EXPECT_EQ(chosen.resolved.at("tap"), "z_pixels");
  ASSERT_EQ(chosen.warnings.size(), 1U);
  EXPECT_PRED2(contains, chosen.warnings[0], "chosen on held-out pictures of all 120 training pictures");
}

/// Training pictures that are judged by each other.
Task alone_task(int64_t size, bool shuffled) {
  Task task = toy_task(size, 1, shuffled);
  task.test = task.train;
  task.test_examples = task.train_examples;
  return task;
}

TEST(Knn, LeaveOneOutJudgesEachTrainingPictureByTheOthers) {
  const Task task = alone_task(200, /*shuffled=*/true);
  const Json settings = {{"leave_one_out", true}, {"k", {1, 199}}, {"headline_k", 1}};
  const Record record = result_of(raw_pixels(), task, settings).record;
  EXPECT_NEAR(record.headline().value, 0.25, 0.1) << "its own label would be right each time";
  EXPECT_EQ(record.headline().n, 200);
  EXPECT_EQ(record.outcomes->tables[0].ids[199], "train/199");
  EXPECT_EQ(record.resolved.at("leave_one_out"), true);
  EXPECT_DOUBLE_EQ(result_of(raw_pixels(), alone_task(200, false), settings).record.headline().value, 1.0);
  // By hand: one picture by the 199 others.
  Task one = task;
  one.test_examples = these_examples(*task.test, {7});
  std::vector<int64_t> others = task.train_examples.indices;
  others.erase(others.begin() + 7);
  Task by_hand = one;
  by_hand.train_examples = these_examples(*task.train, others);
  EXPECT_EQ(result_of(raw_pixels(), by_hand, {{"k", {1}}, {"headline_k", 1}})
                .record.outcomes->column("prediction")[0],
            record.outcomes->column("prediction")[7]);
  EXPECT_EQ(result_of(raw_pixels(), one, settings).record.outcomes->column("prediction")[0],
            record.outcomes->column("prediction")[7]);
}

TEST(Knn, LeaveOneOutRefusesWhatItCannotDo) {
  const auto message = [](const Task& task, Json settings) {
    settings["leave_one_out"] = true;
    return error_message<std::invalid_argument>([&] { result_of(tap_subject(), task, settings); });
  };
  const Task task = alone_task(40, false);
  EXPECT_EQ(
      message(toy_task(40, 8), Json::object()),
      "[knn] key 'test_split': expected test pictures that are training pictures with leave_one_out; got "
      "'test/0' of test");
  EXPECT_PRED2(contains, message(task, {{"n_per_class", {0, 2}}}), "key 'n_per_class': expected 0 (all)");
  EXPECT_PRED2(contains, message(task, {{"taps", {"z_pixels", "m_pixels"}}}), "key 'taps': expected one");
  EXPECT_PRED2(contains, message(task, {{"k", {1, 40}}, {"headline_k", 1}}),
               "the 39 training examples; got 40");
  Task part = task;
  part.train_examples = these_examples(*task.train, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  EXPECT_PRED2(contains, message(part, {{"k", {1}}, {"headline_k", 1}}), "got 'train/12' of train");
}

}  // namespace
}  // namespace repbench
