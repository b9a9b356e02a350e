#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "protocols/crossing.h"
#include "protocols/few_shot_draws.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/protocols/tap_encoder.h"
#include "tests/protocols/toy_clip.h"

namespace repbench {
namespace {

Record run(const Subject& subject, const Task& task, Json settings = Json::object(),
           const ProtocolContext& context = {}) {
  if (!settings.contains("seeds")) settings["seeds"] = 3;
  return run_protocol("few_shot", settings, subject, task, context).record;
}

TEST(FewShot, IsRightOnSeparablePictures) {
  const Record record = run(raw_pixels(), toy_task(120, 40));
  EXPECT_EQ(record.headline().name, "accuracy_16_shot");
  EXPECT_DOUBLE_EQ(record.headline().value, 1.0);
  EXPECT_EQ(record.headline().n, 3 * 40);
  EXPECT_DOUBLE_EQ(record.headline().chance.value(), 0.25);
  EXPECT_EQ(record.resolved.at("taps"), Json({"pixels"}));
  for (const char* name : {"accuracy_1_shot", "accuracy_2_shot", "accuracy_4_shot", "accuracy_8_shot"}) {
    EXPECT_NE(record.find(name), nullptr) << name;
  }
}

TEST(FewShot, IsNearChanceOnLabelsThatSayNothing) {
  const Record record = run(raw_pixels(), toy_task(400, 400, /*shuffled=*/true), {{"shots", {4}}});
  EXPECT_NEAR(record.headline().value, 0.25, 0.08);
}

TEST(FewShot, MeanErrorAndIntervalAreThoseOfTheDraws) {
  const Record record = run(tiny_vit(), toy_task(120, 50), {{"shots", {1, 2}}, {"seeds", 5}});
  EXPECT_EQ(record.headline().repetitions.value().unit, "draw");
  const std::vector<double> by_seed = record.headline().repetitions->values;
  ASSERT_EQ(by_seed.size(), 5U);
  double sum = 0, squares = 0;
  for (const double accuracy : by_seed) sum += accuracy;
  for (const double accuracy : by_seed) squares += std::pow(accuracy - sum / 5, 2);
  const double deviation = std::sqrt(squares / 4), error = deviation / std::sqrt(5.0);
  const Metric& headline = record.headline();
  EXPECT_EQ(headline.name, "accuracy_2_shot");
  EXPECT_NEAR(headline.value, sum / 5, 1e-12);
  EXPECT_NEAR(headline.standard_error.value(), error, 1e-12);
  EXPECT_NEAR(headline.interval.value().high, std::min(1.0, sum / 5 + 2.7764451 * error), 1e-6);
  const Curve& curve = record.curves.at(0);
  EXPECT_EQ(curve.name, "few-shot");
  EXPECT_EQ(curve.x, (std::vector<double>{1, 2}));
  EXPECT_EQ(curve.x_ticks, (std::vector<std::string>{"1", "2"}));
  EXPECT_NEAR(curve.intervals.at(1).low, sum / 5 - deviation, 1e-12);
}

TEST(FewShot, OneDrawHasNoInterval) {
  const Record record = run(tiny_vit(), toy_task(120, 20), {{"shots", {1}}, {"seeds", 1}});
  EXPECT_FALSE(record.headline().interval.has_value());
  EXPECT_FALSE(record.headline().standard_error.has_value());
}

TEST(FewShot, OutcomesAreTheSharesOfDrawsThatWereRight) {
  const Task task = toy_task(120, 50);
  const Record record = run(tiny_vit(), task, {{"shots", {2, 1}}});
  const Metric& one_shot = *record.find("accuracy_1_shot");
  EXPECT_EQ(one_shot.column, "correct_1_shot");
  const std::vector<double>& shares = record.outcomes.value().column("correct_1_shot");
  ASSERT_EQ(shares.size(), 50U);
  EXPECT_EQ(record.outcomes->tables[0].ids[49], "test/49");
  for (const double share : shares) EXPECT_NEAR(3 * share, std::round(3 * share), 1e-12) << "of three draws";
  EXPECT_TRUE(std::any_of(shares.begin(), shares.end(), [](double s) { return s > 0 && s < 1; }));

  std::vector<double> by_hand(50, 0);
  for (uint64_t seed = 0; seed < 3; ++seed) {
    ProtocolContext context;
    context.seed = seed;
    const Record one = run(tiny_vit(), task, {{"shots", {2, 1}}, {"seeds", 1}}, context);
    EXPECT_DOUBLE_EQ(one.find("accuracy_1_shot")->value, one_shot.repetitions.value().values.at(seed));
    for (size_t i = 0; i < 50; ++i) by_hand[i] += one.outcomes.value().column("correct_1_shot")[i] / 3;
  }
  for (size_t i = 0; i < 50; ++i) EXPECT_NEAR(shares[i], by_hand[i], 1e-12) << i;
}

TEST(FewShot, EveryDrawnPictureIsReadOnce) {
  const Task task = toy_task(400, 20);
  run(raw_pixels(), task, {{"shots", {1, 2, 4}}});
  const auto drawn = few_shot_draws(*task.train, task.train_examples, {1, 2, 4}, 3, 0, false).all.size();
  EXPECT_EQ(reads_of(task), drawn + 20);
  EXPECT_LE(drawn, 3 * 16);
  EXPECT_GT(drawn, 16);
}

TEST(FewShot, ChoosesTapAndStrengthOnOtherPictures) {
  const Record record = run(toy_clip(), toy_task(120, 20),
                            {{"shots", {1, 8}}, {"taps", {"constant", "quadrants"}}, {"C", {0.1, 1}}});
  const Json& choices = record.resolved.at("choices");
  ASSERT_EQ(choices.size(), 6U);
  for (const Json& choice : choices) {
    EXPECT_EQ(choice.at("tap"), "quadrants");
    EXPECT_DOUBLE_EQ(choice.at("validation_accuracy").get<double>(), 1.0);
  }
  EXPECT_DOUBLE_EQ(record.headline().value, 1.0);
  EXPECT_FALSE(run(toy_clip(), toy_task(120, 20)).resolved.contains("choices")) << "nothing to choose";
}

TEST(FewShot, TestLabelsDoNotInfluenceTheChoice) {
  Task task = toy_task(120, 60);
  const Json settings = {{"shots", {2}}, {"taps", {"cls", "mean"}}, {"C", {0.01, 1}}};
  const Json honest = run(tiny_vit(), task, settings).resolved.at("choices");
  task.test = std::make_shared<ToyPictures>("test", 60, /*shuffled=*/true);
  EXPECT_EQ(run(tiny_vit(), task, settings).resolved.at("choices"), honest);
}

TEST(FewShot, TwoRunsFromEmptyCachesAgree) {
  const ScratchFolder folder;
  Json reports[2];
  for (int i = 0; i < 2; ++i) {
    ProtocolContext context;
    context.batch_size = 32;
    context.cache = folder / std::to_string(i);
    context.workers = 1 + 2 * i;
    reports[i] = comparable(run(tiny_vit(), toy_task(120, 40), Json::object(), context), "few_shot");
  }
  EXPECT_EQ(reports[0], reports[1]);
}

TEST(FewShot, TheSeedChoosesTheDraws) {
  ProtocolContext other;
  other.seed = 100;
  const Task task = toy_task(120, 8);
  const Json settings = {{"shots", {2}}};
  const Json draws = run(raw_pixels(), task, settings).resolved.at("draw_hashes");
  EXPECT_EQ(draws.size(), 3U);
  EXPECT_NE(draws.at(0), draws.at(1));
  EXPECT_NE(run(raw_pixels(), task, settings, other).resolved.at("draw_hashes"), draws);
}

TEST(FewShot, IsSetAgainstZeroShot) {
  const Record record =
      run(toy_clip(), toy_task(120, 40), {{"taps", {"constant"}}, {"prompts", toy_prompts()}});
  ASSERT_EQ(record.curves.size(), 2U);
  EXPECT_EQ(record.curves[1].name, "zero-shot");
  EXPECT_EQ(record.curves[1].y, (std::vector<double>(5, 1.0)));
  EXPECT_EQ(record.curves[1].x, record.curves[0].x);
  EXPECT_DOUBLE_EQ(record.headline().value, 0.25) << "a constant feature says nothing";
  EXPECT_TRUE(record.resolved.at("crossing_shots").is_null());
  EXPECT_EQ(record.resolved.at("crossing"), "above 16");
  EXPECT_DOUBLE_EQ(record.find("accuracy_zero_shot")->value, 1.0);
  EXPECT_EQ(record.outcomes.value().column("correct_zero_shot"), std::vector<double>(40, 1));
  EXPECT_EQ(record.resolved.at("zero_shot").at("prompts_source"), "a test");
}

TEST(FewShot, BelowTheFirstPointThereIsNoCrossingEither) {
  const Record record = run(toy_clip({{"no such words", {1, 0, 0, 0}}}), toy_task(120, 40),
                            {{"shots", {1, 2}}, {"prompts", toy_prompts()}});
  EXPECT_TRUE(record.resolved.at("crossing_shots").is_null());
  EXPECT_EQ(record.resolved.at("crossing"), "below 1");
}

TEST(FewShot, WithoutATextSideOrPromptsThereIsNoZeroShotLine) {
  const Task task = toy_task(120, 8);
  EXPECT_EQ(run(tiny_vit(), task, {{"shots", {1}}, {"prompts", toy_prompts()}}).curves.size(), 1U);
  EXPECT_EQ(run(toy_clip(), task, {{"shots", {1}}}).curves.size(), 1U);
  EXPECT_EQ(run(toy_clip(), task, {{"shots", {1}}, {"prompts", "off"}}).curves.size(), 1U);
}

TEST(FewShot, AShortClassIsNamedWithWhatItHas) {
  const std::string message =
      error_message<std::invalid_argument>([] { run(raw_pixels(), toy_task(62, 8)); });
  EXPECT_PRED2(contains, message, "[few_shot] expected 16 examples of class 2 ('bottom left'); got 15");
}

TEST(FewShot, NamesTheSettingThatCannotBe) {
  const Task task = toy_task(120, 8);
  const auto message = [&](const Json& settings) {
    return error_message<std::invalid_argument>([&] { run(tiny_vit(), task, settings); });
  };
  EXPECT_PRED2(contains, message({{"shots", Json::array()}}), "key 'shots'");
  EXPECT_PRED2(contains, message({{"C", Json::array()}}), "key 'C'");
  EXPECT_PRED2(contains, message({{"shots", {0}}}), "key 'shots'");
  EXPECT_PRED2(contains, message({{"taps", {"projected"}}}), "'projected'");
}

TEST(FewShot, EveryClassifierIsRightOnSeparablePictures) {
  for (const char* classifier : {"logistic", "ridge", "nearest_mean"}) {
    const Record record = run(raw_pixels(), toy_task(120, 40), {{"classifier", classifier}, {"shots", {4}}});
    EXPECT_DOUBLE_EQ(record.headline().value, 1.0) << classifier;
  }
  const Record words = run(toy_clip(), toy_task(120, 40),
                           {{"classifier", "text_init"}, {"shots", {4}}, {"prompts", toy_prompts()}});
  EXPECT_DOUBLE_EQ(words.headline().value, 1.0);
}

TEST(FewShot, EveryClassifierIsNearChanceOnLabelsThatSayNothing) {
  for (const char* classifier : {"ridge", "nearest_mean"}) {
    const Record record = run(raw_pixels(), toy_task(400, 400, /*shuffled=*/true),
                              {{"shots", {4}}, {"classifier", classifier}});
    EXPECT_NEAR(record.headline().value, 0.25, 0.08) << classifier;
  }
}

TEST(FewShot, TextsThatLearnNothingStayZeroShot) {
  const ScratchFolder folder;
  const Record record =
      run(tiny_clip(folder / "run", 0), toy_task(120, 60),
          {{"classifier", "text_init"}, {"learning_rates", {0}}, {"shots", {1}}, {"prompts", toy_prompts()}});
  EXPECT_EQ(record.outcomes->column("correct_1_shot"), record.outcomes->column("correct_zero_shot"));
}

TEST(FewShot, TextsThatLearnLeaveZeroShotBehind) {
  const Record record = run(
      toy_clip({{"no such words", {1, 0, 0, 0}}}), toy_task(120, 60),
      {{"classifier", "text_init"}, {"learning_rates", {0, 10}}, {"shots", {8}}, {"prompts", toy_prompts()}});
  EXPECT_LE(record.find("accuracy_zero_shot")->value, 0.25);
  EXPECT_DOUBLE_EQ(record.headline().value, 1.0);
  for (const Json& choice : record.resolved.at("choices")) EXPECT_EQ(choice.at("learning_rates"), 10);
}

TEST(FewShot, TextInitNeedsTexts) {
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([] {
                 run(tiny_vit(), toy_task(120, 8), {{"classifier", "text_init"}});
               }),
               "text_init: expected an encoder with texts");
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([] {
                 run(toy_clip(), toy_task(120, 8), {{"classifier", "text_init"}, {"prompts", "off"}});
               }),
               "text_init: expected an encoder with texts");
}

TEST(FewShot, ThePaperChoosesOnAllOtherTrainingPicturesAndSaysSo) {
  const Json settings = {{"shots", {1, 2}}, {"C", {0.01, 1}}, {"regularisation", "paper"}};
  const Record record = run(raw_pixels(), toy_task(120, 20), settings);
  EXPECT_EQ(record.resolved.at("regularisation"), "paper");
  EXPECT_EQ(record.resolved.at("choices").size(), 6U);
  EXPECT_TRUE(warns(record, "more labels than the shots"));
  Task task = toy_task(120, 20);
  task.validation = std::make_shared<ToyPictures>("val", 30);
  task.validation_examples = all_examples(*task.validation);
  Json with_split = settings;
  with_split["validation_split"] = "val";
  EXPECT_EQ(run(raw_pixels(), task, with_split).resolved.at("choices").size(), 6U);
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] {
                 run(raw_pixels(), toy_task(8, 8), {{"shots", {2}}, {"regularisation", "paper"}});
               }),
               "expected training pictures outside of the draws");
}

TEST(FewShot, FixedRefusesAChoiceAndChoosingWithoutOneIsAllowed) {
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([] {
                 run(raw_pixels(), toy_task(120, 8), {{"C", {1, 2}}, {"regularisation", "fixed"}});
               }),
               "key 'regularisation'");
  const Record record =
      run(raw_pixels(), toy_task(120, 8), {{"shots", {1}}, {"regularisation", "k_shot_validation"}});
  EXPECT_EQ(record.resolved.at("choices").size(), 3U);
}

TEST(FewShot, TakesFeaturesAsTheyAreWhereAsked) {
  const Json settings = {{"shots", {4}}, {"taps", {"mean"}}};
  Json raw = settings;
  raw["normalisation"] = "none";
  const Task task = toy_task(120, 60);
  EXPECT_NE(run(tiny_vit(), task, settings).outcomes->column("correct_4_shot"),
            run(tiny_vit(), task, raw).outcomes->column("correct_4_shot"));
}

TEST(FewShot, RefusesSettingsWithoutEffect) {
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([] {
                 run(raw_pixels(), toy_task(120, 8), {{"lambda", {3}}});
               }),
               "key 'lambda': expected its default with classifier=logistic");
}

TEST(FewShot, AllExamplesEndTheCurve) {
  const Record record = run(toy_clip(), toy_task(120, 40),
                            {{"shots", {1, 2}}, {"all_examples", true}, {"prompts", toy_prompts()}});
  EXPECT_EQ(record.curves.at(0).x, (std::vector<double>{1, 2, 30}));
  EXPECT_EQ(record.curves.at(0).x_ticks.back(), "all");
  EXPECT_EQ(record.curves.at(1).y.size(), 3U) << "zero-shot beside each";
  EXPECT_NE(record.find("accuracy_all_examples"), nullptr);
  EXPECT_EQ(record.headline().name, "accuracy_2_shot");
}

TEST(FewShotDraws, AreNestedAndBalancedAndValidatedOutside) {
  const ToyPictures data("train", 160);
  const std::vector<int64_t> shots = {1, 2, 8};
  const FewShotDraws made = few_shot_draws(data, all_examples(data), shots, 2, 7, true);
  ASSERT_EQ(made.draws.size(), 2U);
  for (const FewShotDraw& draw : made.draws) {
    for (size_t i = 0; i < shots.size(); ++i) {
      EXPECT_EQ(draw.support[i].size(), 4 * shots[i]);
      EXPECT_EQ(draw.validation[i].size(), 4 * std::min<int64_t>(shots[i], 4));
      const auto& largest = draw.support.back().indices;
      EXPECT_TRUE(std::includes(largest.begin(), largest.end(), draw.support[i].indices.begin(),
                                draw.support[i].indices.end()));
      for (const int64_t index : draw.validation[i].indices) {
        EXPECT_FALSE(std::binary_search(largest.begin(), largest.end(), index));
      }
      for (const int64_t position : positions_in(made.all, draw.support[i])) {
        EXPECT_LT(position, made.all.size());
      }
    }
  }
  EXPECT_NE(made.draws[0].support[2].hash, made.draws[1].support[2].hash);
  const IndexList& part = made.draws[1].support[1];
  const std::vector<int64_t> positions = positions_in(made.all, part);
  for (size_t i = 0; i < positions.size(); ++i) {
    EXPECT_EQ(made.all.indices[static_cast<size_t>(positions[i])], part.indices[i]);
  }
}

TEST(Crossing, IsLinearInTheLogarithmOfX) {
  const Crossing found = first_crossing({1, 2, 4}, {0.2, 0.4, 0.8}, 0.6);
  EXPECT_NEAR(found.x.value(), std::pow(2.0, 1.5), 1e-12);
  EXPECT_EQ(found.where, "between 2 and 4");
}

TEST(Crossing, TheFirstOfSeveralCounts) {
  EXPECT_NEAR(first_crossing({1, 4, 16, 64}, {0.2, 0.6, 0.3, 0.9}, 0.4).x.value(), 2.0, 1e-12);
  EXPECT_DOUBLE_EQ(first_crossing({1, 2, 4}, {0.2, 0.4, 0.8}, 0.4).x.value(), 2.0);
  EXPECT_DOUBLE_EQ(first_crossing({1, 2}, {0.5, 0.6}, 0.5).x.value(), 1.0);
}

TEST(Crossing, OutsideTheCurveItSaysOnWhichSide) {
  EXPECT_EQ(first_crossing({1, 2, 16}, {0.2, 0.4, 0.8}, 0.9).where, "above 16");
  EXPECT_EQ(first_crossing({1, 2, 16}, {0.2, 0.4, 0.8}, 0.1).where, "below 1");
  EXPECT_FALSE(first_crossing({1, 2, 16}, {0.2, 0.4, 0.8}, 0.1).x.has_value());
}

}  // namespace
}  // namespace repbench
