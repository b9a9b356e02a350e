#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/protocols/several_labels.h"
#include "tests/protocols/tap_encoder.h"

namespace repbench {
namespace {

class LinearProbe : public testing::TestWithParam<const char*> {
 protected:
  Record run(const Subject& subject, const Task& task, Json settings = Json::object(),
             const ProtocolContext& context = {}) {
    settings["classifier"] = GetParam();
    return run_protocol("linear_probe", settings, subject, task, context).record;
  }
  bool ridge() const { return GetParam() == std::string("ridge"); }
  std::string strength() const { return ridge() ? "lambda" : "C"; }
};

INSTANTIATE_TEST_SUITE_P(Classifiers, LinearProbe, testing::Values("ridge", "logistic"),
                         [](const auto& row) { return std::string(row.param); });

TEST_P(LinearProbe, IsRightOnSeparablePictures) {
  const Record record = run(raw_pixels(), toy_task(120, 80));
  EXPECT_DOUBLE_EQ(record.headline().value, 1.0);
  EXPECT_EQ(record.headline().name, "accuracy");
  EXPECT_EQ(record.headline().n, 80);
  EXPECT_DOUBLE_EQ(record.headline().chance.value(), 0.25);
  EXPECT_EQ(record.resolved.at("tap"), "pixels");
  EXPECT_EQ(record.resolved.at("parameters_trained"), 4 * (64 + 1));
}

TEST_P(LinearProbe, IsNearChanceOnLabelsThatSayNothing) {
  const Record record = run(raw_pixels(), toy_task(400, 400, /*shuffled=*/true));
  EXPECT_NEAR(record.headline().value, 0.25, 0.08);
}

TEST_P(LinearProbe, OutcomesAreThoseOfTheTestSet) {
  const Record record = run(tiny_vit(), toy_task(80, 30));
  ASSERT_TRUE(record.outcomes.has_value());
  const OutcomeTable& outcomes = record.outcomes->tables.at(0);
  ASSERT_EQ(outcomes.ids.size(), 30U);
  double correct = 0;
  for (size_t i = 0; i < 30; ++i) {
    EXPECT_EQ(outcomes.ids[i], "test/" + std::to_string(i));
    EXPECT_EQ(outcomes.labels[i], static_cast<int64_t>(i) % 4);
    correct += outcomes.columns.at("correct")[i];
  }
  EXPECT_DOUBLE_EQ(record.headline().value, correct / 30);
}

TEST_P(LinearProbe, ChoosesTheTapOnHeldOutTrain) {
  const Record record = run(tap_subject(), toy_task(120, 40), {{"taps", {"a_constant", "z_pixels"}}});
  EXPECT_EQ(record.resolved.at("tap"), "z_pixels");
  EXPECT_DOUBLE_EQ(record.resolved.at("validation_accuracy").get<double>(), 1.0);
  EXPECT_EQ(record.resolved.at("trials"), 2 * (ridge() ? 9 : 5));
}

TEST_P(LinearProbe, EqualTapsGoToTheOneNamedFirst) {
  const Task task = toy_task(120, 40);
  EXPECT_EQ(run(tap_subject(), task, {{"taps", {"z_pixels", "m_pixels"}}}).resolved.at("tap"), "z_pixels");
  EXPECT_EQ(run(tap_subject(), task, {{"taps", {"m_pixels", "z_pixels"}}}).resolved.at("tap"), "m_pixels");
  EXPECT_EQ(run(tap_subject(), task).resolved.at("tap"), "z_pixels") << "the encoder's own order";
}

TEST_P(LinearProbe, TestLabelsDoNotInfluenceTheChoice) {
  Task task = toy_task(120, 60);
  const Json honest = run(tiny_vit(), task).resolved;
  task.test = std::make_shared<ToyPictures>("test", 60, /*shuffled=*/true);
  EXPECT_EQ(run(tiny_vit(), task).resolved, honest);
}

TEST_P(LinearProbe, TwoRunsFromEmptyCachesAgree) {
  const ScratchFolder folder;
  Json reports[3];
  for (int i = 0; i < 3; ++i) {
    ProtocolContext context;
    context.batch_size = 32;
    if (i > 0) context.cache = folder / std::to_string(i);
    if (i == 2) context.workers = 3;
    reports[i] = comparable(run(tiny_vit(), toy_task(120, 40), Json::object(), context), "linear_probe");
  }
  EXPECT_EQ(reports[0], reports[1]);
  EXPECT_EQ(reports[0], reports[2]);
}

TEST_P(LinearProbe, TheSeedChoosesTheHeldOutPart) {
  ProtocolContext other;
  other.seed = 5;
  const Task task = toy_task(60, 40, /*shuffled=*/true);
  EXPECT_NE(run(tiny_vit(), task).resolved.at("validation_accuracy"),
            run(tiny_vit(), task, Json::object(), other).resolved.at("validation_accuracy"));
}

TEST_P(LinearProbe, WarnsWhenTheChosenStrengthIsAtTheEdge) {
  const Task task = toy_task(120, 40);
  const auto edges = [&](const std::vector<double>& strengths) {
    const Record record = run(raw_pixels(), task, {{strength(), strengths}});
    int64_t count = 0;
    for (const std::string& warning : record.warnings) count += contains(warning, "at the edge") ? 1 : 0;
    return count;
  };
  EXPECT_EQ(edges({0.01, 0.1}), 1);
  EXPECT_EQ(edges({0.1}), 0) << "a single strength is no choice";
  EXPECT_EQ(edges({0.1, 0.001, 10}), 0) << "the edges are of the values, not of the list";
}

TEST_P(LinearProbe, NamesTheSettingThatCannotBe) {
  const Task task = toy_task(40, 8);
  const auto message = [&](const Json& settings) {
    return error_message<std::invalid_argument>([&] { run(tap_subject(), task, settings); });
  };
  EXPECT_PRED2(contains, message({{strength(), Json::array()}}), "key '" + strength() + "'");
  EXPECT_PRED2(contains, message({{strength(), {-1.0}}}), "key '" + strength() + "'");
  EXPECT_PRED2(contains, message({{"held_out", 2}}), "key 'held_out'");
  EXPECT_PRED2(contains, message({{"classifer", "ridge"}}), "did you mean 'classifier'");
  EXPECT_PRED2(contains, message({{"taps", {"tokens"}}}), "key 'taps'");
  EXPECT_PRED2(contains, message({{"taps", {"tokens"}}}), "tokens");
}

TEST_P(LinearProbe, AnUnknownTapIsRefusedWithTheKnownOnes) {
  const std::string message = error_message<std::invalid_argument>([&] {
    run(tiny_vit(), toy_task(40, 8), {{"taps", {"clss"}}});
  });
  EXPECT_PRED2(contains, message, "'clss'");
  EXPECT_PRED2(contains, message, "cls+mean");
}

/// The same run with its head, and the record.
ProtocolResult probe(const Subject& subject, const Task& task, const Json& settings) {
  return run_protocol("linear_probe", settings, subject, task);
}

TEST_P(LinearProbe, ChoosesTheNormalisationTogetherWithTheTap) {
  const Record record = run(tiny_vit(), toy_task(120, 40),
                            {{"normalisation", {"none", "l2", "standardise"}}, {"taps", {"cls", "mean"}}});
  EXPECT_EQ(record.resolved.at("trials"), 2 * 3 * (ridge() ? 9 : 5));
  EXPECT_EQ(record.curves.size(), 6U);
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] {
                 run(tiny_vit(), toy_task(40, 8), {{"normalisation", {"L2"}}});
               }),
               "key 'normalisation'");
}

TEST_P(LinearProbe, CrossValidatesOnEveryTrainingPicture) {
  const Record record = run(raw_pixels(), toy_task(61, 40), {{"select_on", "folds"}, {"folds", 3}});
  EXPECT_DOUBLE_EQ(record.resolved.at("validation_accuracy").get<double>(), 1.0);
  EXPECT_EQ(record.resolved.at("selected_on"), "3 folds");
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] {
                 run(raw_pixels(), toy_task(4, 8), {{"select_on", "folds"}, {"folds", 5}});
               }),
               "key 'folds': expected at most the 4 training examples");
}

TEST_P(LinearProbe, ChoosesOnAValidationSplitAndLearnsFromItToo) {
  Task task = toy_task(80, 40);
  task.validation = std::make_shared<ToyPictures>("val", 20);
  task.validation_examples = all_examples(*task.validation);
  const Json settings = {{"classifier", GetParam()}, {"validation_split", "val"}, {"taps", {"mean"}}};
  const ProtocolResult split = probe(tiny_vit(), task, settings);
  EXPECT_EQ(split.record.resolved.at("selected_on"), "split val");
  const Json alone = {
      {"classifier", GetParam()}, {strength(), {split.record.resolved.at(strength())}}, {"taps", {"mean"}}};
  EXPECT_FALSE(split.head->weight.allclose(probe(tiny_vit(), toy_task(80, 40), alone).head->weight));
}

TEST_P(LinearProbe, TheBestOnTheTestSetIsNeverBelowTheChosen) {
  const Record record = run(tiny_vit(), toy_task(60, 200, /*shuffled=*/true), {{"report_best", true}});
  const Metric& best = *record.find("accuracy_best");
  EXPECT_GE(best.value, record.headline().value);
  EXPECT_FALSE(best.headline);
  EXPECT_EQ(record.outcomes->column("correct_best").size(), 200U);
}

TEST_P(LinearProbe, AHeadThatIsKeptGivesTheSameScoresOnTheSameEncoderAlone) {
  const ScratchFolder folder;
  const std::string file = (folder / "head.safetensors").string();
  const Task task = toy_task(80, 60);
  for (const char* norm : {"none", "l2", "standardise"}) {
    const ProtocolResult trained =
        probe(tiny_vit(), task, {{"classifier", GetParam()}, {"normalisation", {norm}}, {"taps", {"mean"}}});
    ASSERT_TRUE(trained.head.has_value());
    write_head(file, *trained.head);
    const ProtocolResult judged = probe(tiny_vit(), task, {{"head", file}});
    EXPECT_EQ(judged.record.resolved.at("trained_as"), ridge() ? "none" : "softmax");
    EXPECT_EQ(judged.record.outcomes->column("prediction"), trained.record.outcomes->column("prediction"))
        << norm;
    EXPECT_EQ(judged.file_hashes.count("head"), 1U);
  }
  const std::string message = error_message<std::invalid_argument>([&] {
    probe(tiny_vit(2, /*seed=*/1), task, {{"head", file}});
  });
  EXPECT_PRED2(contains, message, "expected a head of the encoder");
}

TEST_P(LinearProbe, AClassWithOneExampleAndAClassWithoutAnyAreLearnedFromAsTheyAre) {
  Task task = toy_task(120, 40);
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < 120; ++i) {
    if (i % 4 == 0 || i % 4 == 1 || i == 2) rows.push_back(i);  // one of class 2, none of class 3
  }
  task.train_examples = these_examples(*task.train, rows);
  const Record record = run(raw_pixels(), task);
  EXPECT_LE(record.headline().value, 0.75);
  EXPECT_GE(record.headline().value, 0.5) << "both classes that are known";
}

TEST_P(LinearProbe, FewerPicturesThanClassesAreEnough) {
  Task task = toy_task(120, 40);
  task.train_examples = these_examples(*task.train, {0, 1, 2});
  EXPECT_GE(run(raw_pixels(), task).headline().value, 0.5);
}

TEST_P(LinearProbe, ATestSetThatIsSortedByClassIsJudgedWhole) {
  Task task = toy_task(120, 40);
  std::vector<int64_t> sorted;
  for (int64_t i = 0; i < 40; i += 4) sorted.push_back(i);  // one class alone
  task.test_examples = these_examples(*task.test, sorted);
  const Record record = run(raw_pixels(), task);
  EXPECT_DOUBLE_EQ(record.headline().value, 1.0);
  EXPECT_EQ(record.headline().n, 10);
  EXPECT_DOUBLE_EQ(record.headline().chance.value(), 0.25);
}

TEST_P(LinearProbe, AnEmptySplitIsNamed) {
  Task task = toy_task(120, 40);
  task.test_examples = these_examples(*task.test, {});
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { run(raw_pixels(), task); }),
               "[linear_probe] expected test examples; got none of toy_pictures (test)");
  task = toy_task(120, 40);
  task.train_examples = these_examples(*task.train, {});
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { run(raw_pixels(), task); }),
               "expected training examples");
}

TEST_P(LinearProbe, AConstantFeatureScoresAtChance) {
  const Record record = run(tap_subject(), toy_task(120, 40), {{"taps", {"a_constant"}}});
  EXPECT_DOUBLE_EQ(record.headline().value, 0.25);
}

TEST(LogisticProbe, SearchesLikeClipFromCoarseToFineAndCertifiesWhatItChose) {
  const Record record =
      probe(tiny_vit(), toy_task(120, 40),
            {{"grid", {{"search", "coarse_to_fine"}}}, {"taps", {"mean"}}, {"normalisation", {"none"}}})
          .record;
  const auto trials = record.resolved.at("trials").get<int64_t>();
  EXPECT_GE(trials, 7 + 4);
  EXPECT_LE(trials, 7 + 8);
  EXPECT_LE(record.resolved.at("gap_bound").get<double>(), 1e-4);
  EXPECT_GE(record.resolved.at("gap_bound").get<double>(), 0);
}

TEST(LinearProbeSettings, WithoutEffectAreRefused) {
  const auto message = [](const Json& settings) {
    return error_message<std::invalid_argument>([&] { probe(raw_pixels(), toy_task(60, 8), settings); });
  };
  EXPECT_PRED2(contains, message({{"lambda", {1}}}),
               "key 'lambda': expected its default with classifier=logistic");
  EXPECT_PRED2(contains, message({{"classifier", "ridge"}, {"C", {5}}}), "key 'C'");
  EXPECT_PRED2(contains, message({{"classifier", "sgd"}, {"normalisation", {"l2"}}}), "key 'normalisation'");
  EXPECT_PRED2(contains, message({{"sgd", {{"train", {{"epochs", 3}}}}}}), "key 'sgd.train.epochs'");
  EXPECT_PRED2(contains, message({{"folds", 7}}), "key 'folds'");
  EXPECT_PRED2(contains, message({{"headline", "nonsense"}}), "key 'headline': expected one of accuracy");
  EXPECT_PRED2(contains, message({{"headline", "paper"}}), "key 'headline': paper");
}

TEST(LinearProbeSettings, RawPixelsHaveNoWeightsThatAHeadCouldBelongTo) {
  Subject pixels = raw_pixels();
  pixels.sha256.clear();
  EXPECT_FALSE(probe(pixels, toy_task(60, 8), Json::object()).head.has_value());
}

TEST(RidgeProbe, ChoosesByLeavingOneOut) {
  const Record record =
      probe(raw_pixels(), toy_task(60, 40), {{"classifier", "ridge"}, {"select_on", "leave_one_out"}}).record;
  EXPECT_DOUBLE_EQ(record.resolved.at("validation_accuracy").get<double>(), 1.0);
  EXPECT_EQ(record.resolved.at("selected_on"), "leave one out");
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] {
                 probe(raw_pixels(), toy_task(60, 40), {{"select_on", "leave_one_out"}});
               }),
               "key 'select_on'");
}

TEST(OneVsRestProbe, JudgesSeveralClassesAPictureByMeanAveragePrecision) {
  const Task task = several_labels_task();
  for (const char* classifier : {"svm", "ovr_logistic"}) {
    const ProtocolResult result = probe(raw_pixels(), task, {{"classifier", classifier}});
    EXPECT_EQ(result.record.headline().name, "mean_average_precision");
    EXPECT_GT(result.record.headline().value, 0.8) << classifier;
    EXPECT_NE(result.record.find("mean_average_precision_11_point"), nullptr);
    EXPECT_TRUE(result.record.resolved.contains("validation_mean_average_precision"));
    EXPECT_EQ(result.head->trained_as, classifier == std::string("svm") ? "none" : "sigmoid");
  }
}

TEST(OneVsRestProbe, ATestSetThatShowsOneClassAPictureIsJudgedAsTheTrainingSetIs) {
  Task task = several_labels_task();
  task.test_examples = these_examples(*task.test, {1, 2, 4, 5, 8, 13});
  const Record record = probe(raw_pixels(), task, {{"classifier", "svm"}}).record;
  EXPECT_EQ(record.headline().name, "mean_average_precision");
}

TEST(OneVsRestProbe, TheHeadlineCanBeThePapersMetric) {
  const ProtocolResult result =
      probe(raw_pixels(), several_labels_task(),
            {{"classifier", "svm"}, {"headline", "mean_average_precision_11_point"}});
  EXPECT_EQ(result.record.headline().name, "mean_average_precision_11_point");
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([] {
                 probe(raw_pixels(), toy_task(120, 40), {{"headline", "roc_auc"}});
               }),
               "key 'headline'");
}

TEST(OneVsRestProbe, IsRightOnSeparablePictures) {
  for (const char* classifier : {"svm", "ovr_logistic"}) {
    const Record record = probe(raw_pixels(), toy_task(120, 80), {{"classifier", classifier}}).record;
    EXPECT_DOUBLE_EQ(record.headline().value, 1.0) << classifier;
    EXPECT_LE(record.resolved.at("gap_bound").get<double>(), 1e-3);
  }
}

TEST(LogisticProbe, ReportsThatItDidNotConverge) {
  const Record record = run_protocol("linear_probe", {{"max_iterations", 1}, {"C", {1e-3, 1, 100}}},
                                     tiny_vit(), toy_task(120, 40))
                            .record;
  bool told = false;
  for (const std::string& warning : record.warnings) told |= contains(warning, "above its optimum");
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace repbench
