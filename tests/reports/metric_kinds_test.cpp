#include "reports/metric_kinds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "tests/files/error_message.h"
#include "tests/reports/sample_record.h"

namespace repbench {
namespace {

std::string refusal(const Metric& metric) {
  return error_message<std::invalid_argument>([&] { check_metric(metric, "[record] a/report.json"); });
}

Metric named(const std::string& name, const std::string& column = "") {
  Metric metric;
  metric.name = name;
  metric.column = column;
  return metric;
}

TEST(MetricKinds, AreDefinedOnceAndInFull) {
  std::set<std::string_view> names;
  for (const MetricKind& kind : metric_kinds()) {
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    EXPECT_FALSE(kind.definition.empty()) << kind.name;
    EXPECT_FALSE(kind.denominator.empty()) << kind.name;
    EXPECT_GE(kind.version, 1) << kind.name;
    EXPECT_GE(kind.fewest, 1) << kind.name;
    const bool is_share = kind.unit.empty() && kind.direction == Direction::higher_is_better;
    if (is_share) {
      EXPECT_EQ(kind.ceiling, 1.0) << kind.name;
    }
  }
}

TEST(MetricKinds, AreFoundByPatternsWithTheSpecialBeforeTheGeneral) {
  EXPECT_EQ(find_metric_kind("accuracy").name, "accuracy");
  EXPECT_EQ(find_metric_kind("accuracy_16_shot").name, "accuracy_{}_shot");
  EXPECT_EQ(find_metric_kind("accuracy_zero_shot").name, "accuracy_zero_shot");
  EXPECT_EQ(find_metric_kind("accuracy_selected").name, "accuracy_selected");
  EXPECT_EQ(find_metric_kind("accuracy_best").name, "accuracy_best");
  EXPECT_EQ(find_metric_kind("accuracy_0.5").name, "accuracy_{}");
  EXPECT_EQ(find_metric_kind("text_to_image_recall_at_10").name, "text_to_image_recall_at_{}");
}

TEST(MetricKinds, RefuseAnUnknownName) {
  for (const char* name : {"", "accuracy_", "text_to_image_recall_at_", "acc", "Accuracy"}) {
    EXPECT_THROW(find_metric_kind(name), std::invalid_argument) << name;
  }
  EXPECT_PRED2(contains, refusal(named("masked_msee")),
               "[record] a/report.json: expected a metric that is defined (see: repbench list metrics); got "
               "'masked_msee' (did you mean 'masked_mse'?)");
}

TEST(MetricKinds, RefuseWhatContradictsTheDefinition) {
  Metric metric = accuracy_metric(8, 10);
  check_metric(metric, "");
  metric.direction = Direction::lower_is_better;
  EXPECT_PRED2(contains, refusal(metric), "direction");
  metric = accuracy_metric(8, 10);
  metric.unit = "%";
  EXPECT_PRED2(contains, refusal(metric), "expected the unit ''; got '%'");
  metric = accuracy_metric(8, 10);
  metric.n = 0;
  EXPECT_PRED2(contains, refusal(metric), "n of at least 1 test examples; got 0");
  metric = accuracy_metric(8, 10);
  metric.ceiling = 0.9;
  EXPECT_PRED2(contains, refusal(metric), "ceiling 1");
  metric = accuracy_metric(8, 10);
  metric.version = 2;
  EXPECT_PRED2(contains, refusal(metric), "version");
  metric = accuracy_metric(8, 10);
  metric.name = "accuracy_top5";
  EXPECT_PRED2(contains, refusal(metric), "no headline");
  metric = named("inference_images_per_second", "correct");
  metric.unit = "images/s";
  EXPECT_PRED2(contains, refusal(metric), "no column of outcomes");
}

const OutcomeTable kTable = {
    "picture",
    {"a", "b", "c", "d", "e"},
    {0, 0, 0, 1, 2},
    {{"correct", {1, 0, 0, 1, 0}}, {"rank", {1, 3, 9, 2, 40}}, {"share", {0.5, 1, 0, 0, 1}}}};

TEST(AggregateOutcomes, GivesWhatTheDefinitionSays) {
  EXPECT_DOUBLE_EQ(aggregate_outcomes(named("accuracy", "correct"), kTable), 0.4);
  EXPECT_DOUBLE_EQ(aggregate_outcomes(named("accuracy_4_shot", "share"), kTable), 0.5);
  EXPECT_DOUBLE_EQ(aggregate_outcomes(named("mean_per_class_accuracy", "correct"), kTable),
                   (1.0 / 3 + 1 + 0) / 3);
  EXPECT_DOUBLE_EQ(aggregate_outcomes(named("text_to_image_recall_at_1", "rank"), kTable), 0.2);
  EXPECT_DOUBLE_EQ(aggregate_outcomes(named("text_to_image_recall_at_3", "rank"), kTable), 0.6);
  EXPECT_DOUBLE_EQ(aggregate_outcomes(named("text_to_image_median_rank", "rank"), kTable), 3);
  EXPECT_DOUBLE_EQ(aggregate_outcomes(named("text_to_image_mean_rank", "rank"), kTable), 11);
}

TEST(AggregateOutcomes, CountsRowsAsOftenAsToldAndLeavesAbsentClassesOut) {
  const std::vector<uint32_t> counts = {2, 1, 0, 0, 1};
  EXPECT_DOUBLE_EQ(aggregate_outcomes(named("accuracy", "correct"), kTable, counts), 0.5);
  EXPECT_DOUBLE_EQ(aggregate_outcomes(named("mean_per_class_accuracy", "correct"), kTable, counts), 1.0 / 3);
  EXPECT_DOUBLE_EQ(aggregate_outcomes(named("text_to_image_median_rank", "rank"), kTable, counts), 2);
  const std::vector<uint32_t> none(5, 0);
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] {
                 aggregate_outcomes(named("accuracy", "correct"), kTable, none);
               }),
               "expected test examples; got none");
}

TEST(Successes, AreThereForSharesOfRightAndWrongAlone) {
  EXPECT_EQ(successes(named("accuracy", "correct"), kTable), (std::vector<uint8_t>{1, 0, 0, 1, 0}));
  EXPECT_EQ(successes(named("text_to_image_recall_at_2", "rank"), kTable),
            (std::vector<uint8_t>{1, 0, 0, 1, 0}));
  EXPECT_TRUE(successes(named("accuracy_4_shot", "share"), kTable).empty());
  EXPECT_TRUE(successes(named("mean_per_class_accuracy", "correct"), kTable).empty());
  EXPECT_TRUE(successes(named("text_to_image_mean_rank", "rank"), kTable).empty());
}

TEST(Saturation, IsTheLastFiftiethOfTheWayFromChanceToTheCeiling) {
  EXPECT_FALSE(is_saturated(accuracy_metric(981, 1000)));
  EXPECT_TRUE(is_saturated(accuracy_metric(983, 1000)));
  Metric time = named("inference_images_per_second");
  time.value = 1e9;
  EXPECT_FALSE(is_saturated(time));
}

}  // namespace
}  // namespace repbench
