#include <ATen/ATen.h>
#include <gtest/gtest.h>

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
  EXPECT_PRED2(contains, message({{"k", Json::array()}}), "key 'headline_k'");
  EXPECT_PRED2(contains, message({{"temperature", 0}}), "key 'temperature'");
  EXPECT_PRED2(contains, message({{"taps", {"tokens"}}}), "key 'taps'");
}

TEST(Knn, SaysWhenTheKeptPartIsSmallerThanTheHeadlineK) {
  const std::string message = error_message<std::invalid_argument>([] {
    run(raw_pixels(), toy_task(21, 8), {{"k", {20}}, {"held_out", 0.5}});
  });
  EXPECT_PRED2(contains, message, "headline_k");
}

}  // namespace
}  // namespace repbench
