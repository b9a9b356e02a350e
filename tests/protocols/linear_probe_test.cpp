#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
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

TEST(LogisticProbe, ReportsThatItDidNotConverge) {
  const Record record = run_protocol("linear_probe", {{"max_iterations", 1}, {"C", {1e-3, 1, 100}}},
                                     tiny_vit(), toy_task(120, 40))
                            .record;
  bool told = false;
  for (const std::string& warning : record.warnings) told |= contains(warning, "stopped at gradient");
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace repbench
