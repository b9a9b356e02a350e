#include "protocols/ranking_metrics.h"
#include "reports/statistics/ranking.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include "reports/metric_kinds.h"
#include "tests/files/error_message.h"
#include "tests/protocols/toy_pictures.h"
#include "tests/reports/statistics/golden_columns.h"

namespace repbench {
namespace {

std::vector<std::string> numbered(int64_t n) {
  std::vector<std::string> ids;
  for (int64_t i = 0; i < n; ++i) ids.push_back("p" + std::to_string(i));
  return ids;
}

TEST(RankingMetrics, AreScikitLearnsWithIntervalsAndTheirOutcomes) {
  const GoldenColumns golden("ranking.safetensors");
  const at::Tensor scores = at::tensor(golden.reals("scores")).view({120, 7});
  const at::Tensor targets = at::tensor(golden.integers("targets")).view({120, 7}).to(at::kBool);
  const RankingResult result = ranking_metrics(scores, targets, numbered(120));
  ASSERT_EQ(result.metrics.size(), 3U);
  const std::vector<double> expected = golden.reals("expected");
  for (size_t i = 0; i < 3; ++i) {
    const Metric& metric = result.metrics[i];
    check_metric(metric, "test");
    EXPECT_NEAR(metric.value, expected[i], 1e-12) << metric.name;
    EXPECT_NEAR(aggregate_outcomes(metric, result.table), metric.value, 1e-12) << metric.name;
    EXPECT_LT(metric.interval->low, metric.value) << metric.name;
    EXPECT_GT(metric.interval->high, metric.value) << metric.name;
    EXPECT_GT(*metric.standard_error, 0) << metric.name;
    EXPECT_EQ(metric.n, 120) << metric.name;
  }
  EXPECT_EQ(result.metrics[2].name, "roc_auc");
  EXPECT_DOUBLE_EQ(*result.metrics[2].chance, 0.5);
  const at::Tensor shares = targets.to(at::kDouble).mean(0);
  EXPECT_GT(*result.metrics[0].chance, shares.sum().item<double>() / 6) << "a random order does better";
  EXPECT_EQ(result.table.ids[8], "p1/1");
  EXPECT_EQ(result.table.labels[8], 1);
  EXPECT_EQ(result.table.groups[8], 1);
}

TEST(RankingMetrics, ChanceIsWhatRandomScoresGive) {
  const at::Generator generator = at::detail::createCPUGenerator(3);
  const at::Tensor targets = at::rand({40, 3}, generator).lt(at::tensor({0.1f, 0.3f, 0.6f}));
  const auto chance = ranking_metrics(at::rand({40, 3}, generator), targets, numbered(40)).metrics;
  double average = 0, points = 0;
  constexpr int kTimes = 60;
  for (int i = 0; i < kTimes; ++i) {
    const at::Tensor scores = at::rand({40, 3}, generator, at::kDouble).contiguous();
    const at::Tensor truth = targets.to(at::kDouble).contiguous();
    const at::Tensor classes = at::arange(3, at::kLong).expand({40, 3}).contiguous();
    const Rankings rankings({scores.const_data_ptr<double>(), 120}, {truth.const_data_ptr<double>(), 120},
                            {classes.const_data_ptr<int64_t>(), 120});
    average += rankings.mean_average_precision() / kTimes;
    points += rankings.mean_average_precision_11_point() / kTimes;
  }
  EXPECT_NEAR(*chance[0].chance, average, 0.02);
  EXPECT_NEAR(*chance[1].chance, points, 0.02);
}

TEST(RankingMetrics, WhatCountsNeitherWayIsLeftOut) {
  const at::Tensor scores = at::tensor({0.9, 0.8, 0.7, 0.1}).view({4, 1}).to(at::kDouble);
  const at::Tensor targets = at::tensor({0, 1, 1, 0}).view({4, 1}).to(at::kBool);
  const at::Tensor counted = at::tensor({0, 1, 1, 1}).view({4, 1}).to(at::kBool);
  EXPECT_LT(ranking_metrics(scores, targets, numbered(4)).metrics[0].value, 0.9);
  const RankingResult result = ranking_metrics(scores, targets, numbered(4), 0, counted);
  EXPECT_DOUBLE_EQ(result.metrics[0].value, 1) << "the first is difficult";
  EXPECT_EQ(result.table.ids.size(), 3U);
}

TEST(RankingMetrics, OfTheSecondOfTwoClassesAloneAreTheBinaryCase) {
  const GoldenColumns golden("ranking.safetensors");
  const at::Tensor scores = at::tensor(golden.reals("scores")).view({120, 7}).narrow(1, 0, 1);
  const at::Tensor targets = at::tensor(golden.integers("targets")).view({120, 7}).narrow(1, 0, 1);
  const RankingResult result = ranking_metrics(scores, targets.to(at::kBool), numbered(120), 1);
  EXPECT_EQ(result.metrics[2].name, "roc_auc");
  EXPECT_NEAR(result.metrics[2].value, golden.reals("binary_auc")[0], 1e-14);
  EXPECT_EQ(result.table.labels, std::vector<int64_t>(120, 1));
}

TEST(RankingMetrics, HaveNoAreaWhereNothingIsBesideThePositives) {
  const RankingResult result = ranking_metrics(at::rand({5, 1}), at::ones({5, 1}, at::kBool), numbered(5));
  ASSERT_EQ(result.metrics.size(), 2U);
  EXPECT_DOUBLE_EQ(result.metrics[0].value, 1);
  EXPECT_DOUBLE_EQ(result.metrics[1].value, 1);
}

TEST(RankingMetrics, BadInputIsRefused) {
  const auto message = [](const at::Tensor& scores, const at::Tensor& targets, int64_t ids) {
    return error_message<std::invalid_argument>([&] { ranking_metrics(scores, targets, numbered(ids)); });
  };
  const at::Tensor scores = at::rand({3, 2}), targets = at::ones({3, 2}, at::kBool);
  EXPECT_EQ(message(scores, at::zeros({3, 2}, at::kBool), 3),
            "[metrics] expected a class with a picture; got none");
  EXPECT_EQ(message(scores, at::ones({3, 3}, at::kBool), 3),
            "[metrics] expected targets [3, 2] of type bool; got Bool [3, 3]");
  EXPECT_EQ(message(scores, at::ones({3, 2}), 3),
            "[metrics] expected targets [3, 2] of type bool; got Float [3, 2]");
  EXPECT_EQ(message(scores, targets, 2), "[metrics] expected 3 ids; got 2");
  EXPECT_EQ(message(scores / 0, targets, 3), "[metrics] expected finite scores; got another");
  EXPECT_PRED2(contains, message(at::rand({3}), targets, 3), "scores [N, K]");
}

TEST(TargetsOf, HaveEveryClassOfAnExample) {
  const Task task = toy_task(4, 8);
  const IndexList examples = these_examples(*task.test, {1, 6});
  const at::Tensor targets = targets_of(*task.test, examples);
  EXPECT_EQ(targets.scalar_type(), at::kBool);
  EXPECT_EQ(targets.sizes(), (std::vector<int64_t>{2, std::ssize(task.test->class_names())}));
  EXPECT_EQ(targets.sum().item<int64_t>(), 2);
  EXPECT_TRUE(targets[0][1].item<bool>());
  EXPECT_TRUE(targets[1][2].item<bool>());
}

TEST(MeanTop1Top5, IsTheMeanOfBoth) {
  OutcomeTable table = {"picture", {"a", "b", "c", "d"}, {0, 1, 2, 3}, {}};
  table.columns = {{"correct", {1, 0, 0, 0}}, {"correct_top5", {1, 1, 1, 0}}};
  const Metric metric = mean_top1_top5(table, 6);
  EXPECT_DOUBLE_EQ(metric.value, (0.25 + 0.75) / 2);
  EXPECT_DOUBLE_EQ(*metric.chance, 0.5);
  EXPECT_DOUBLE_EQ(aggregate_outcomes(metric, table), metric.value);
  EXPECT_LE(metric.interval->low, metric.value);
  check_metric(metric, "test");
  OutcomeTable few = {"picture", {"a"}, {0}, {{"correct", {1}}}};
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { mean_top1_top5(few, 5); }),
               "expected the columns correct and correct_top5");
}

}  // namespace
}  // namespace repbench
