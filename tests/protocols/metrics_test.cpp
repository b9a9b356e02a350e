#include "protocols/metrics.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "reports/metric_kinds.h"
#include "reports/statistics/intervals.h"
#include "tests/files/error_message.h"
#include "tests/protocols/toy_pictures.h"

namespace repbench {
namespace {

at::Tensor labels_of(std::vector<int64_t> labels) { return at::tensor(labels, at::kLong); }

TEST(Predict, TiesGoToTheLowerIndex) {
  const at::Tensor scores = at::tensor({1.0f, 3.0f, 3.0f, 0.0f, 0.0f, 0.0f, -1.0f, -2.0f, 5.0f}).view({3, 3});
  EXPECT_TRUE(at::equal(predict(scores), labels_of({1, 0, 2})));
  EXPECT_TRUE(at::equal(predict(scores.t()), labels_of({0, 0, 2})));  // not contiguous
}

TEST(Classify, CountsByClass) {
  const at::Tensor scores = at::eye(3, at::kDouble).index({labels_of({0, 0, 1, 2, 1})});
  const Classification result = classify(scores, labels_of({0, 1, 1, 2, 2}));
  EXPECT_EQ(result.correct, 3);
  EXPECT_EQ(result.n, 5);
  EXPECT_EQ(result.correct_top5, -1);
  EXPECT_EQ(result.class_correct, (std::vector<int64_t>{1, 1, 1}));
  EXPECT_EQ(result.class_n, (std::vector<int64_t>{1, 2, 2}));
  EXPECT_DOUBLE_EQ(result.accuracy(), 0.6);
}

TEST(Classify, TopFiveHonoursTies) {
  const at::Tensor scores = at::zeros({7, 7});  // all tied: the first five classes are the top five
  EXPECT_EQ(classify(scores, at::arange(7, at::kLong)).correct_top5, 5);
  EXPECT_EQ(classify(scores, at::arange(7, at::kLong)).correct, 1);
  const at::Tensor rising = at::arange(7, at::kFloat).expand({7, 7});
  EXPECT_EQ(classify(rising, at::arange(7, at::kLong)).correct_top5, 5);
}

TEST(Classify, BadInputIsRefused) {
  const auto message = [](const at::Tensor& scores, const at::Tensor& labels) {
    return error_message<std::invalid_argument>([&] { classify(scores, labels); });
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(message(at::full({1, 2}, nan), labels_of({0})), "[metrics] expected scores; got NaN");
  EXPECT_EQ(message(at::ones({1, 2}), labels_of({2})), "[metrics] expected labels in 0 ... 1; got 2 ... 2");
  EXPECT_EQ(message(at::ones({1, 2}), labels_of({0, 1})),
            "[metrics] expected int64 labels [1]; got Long [2]");
  EXPECT_EQ(message(at::ones({0, 2}), labels_of({})), "[metrics] expected at least one example; got none");
  EXPECT_PRED2(contains, message(at::ones({2}), labels_of({0, 1})), "got Float [2]");
  EXPECT_PRED2(contains, message(at::ones({1, 2}, at::kLong), labels_of({0})), "floating-point");
}

TEST(ClassificationMetrics, AreAccuracyMeanPerClassAndTopFive) {
  Classification result;
  result.n = 10;
  result.correct = 7;
  result.correct_top5 = 9;
  result.class_n = {8, 2, 0, 0, 0, 0, 0, 0};
  result.class_correct = {6, 1, 0, 0, 0, 0, 0, 0};
  const std::vector<Metric> metrics = classification_metrics(result);
  ASSERT_EQ(metrics.size(), 3u);
  EXPECT_EQ(metrics[0].name, "accuracy");
  EXPECT_TRUE(metrics[0].headline);
  EXPECT_DOUBLE_EQ(metrics[0].value, 0.7);
  EXPECT_DOUBLE_EQ(metrics[0].interval->low, wilson_interval(7, 10).low);
  EXPECT_DOUBLE_EQ(*metrics[0].chance, 0.125);
  EXPECT_DOUBLE_EQ(*metrics[0].ceiling, 1);
  EXPECT_EQ(metrics[0].column, "correct");
  EXPECT_EQ(metrics[1].column, "correct");
  EXPECT_EQ(metrics[2].column, "correct_top5");
  EXPECT_EQ(metrics[1].name, "mean_per_class_accuracy");
  EXPECT_DOUBLE_EQ(metrics[1].value, (0.75 + 0.5) / 2);  // of the classes that were seen
  EXPECT_NEAR(*metrics[1].standard_error, std::sqrt(0.75 * 0.25 / 8 + 0.25 / 2) / 2, 1e-15);
  EXPECT_FALSE(metrics[1].headline);
  EXPECT_EQ(metrics[2].name, "accuracy_top5");
  EXPECT_DOUBLE_EQ(metrics[2].value, 0.9);
  EXPECT_DOUBLE_EQ(*metrics[2].chance, 5.0 / 8);
}

TEST(ClassificationMetrics, LeaveTopFiveOutForFewClasses) {
  const Classification result = classify(at::eye(3, at::kFloat), at::arange(3, at::kLong));
  EXPECT_EQ(classification_metrics(result).size(), 2u);
}

TEST(BestPermutedAccuracy, FindsTheRelabelling) {
  at::Generator generator = at::detail::createCPUGenerator(5);
  for (const int64_t classes : {2, 5, 40}) {
    const at::Tensor labels = at::arange(classes * 7, at::kLong).remainder(classes);
    const at::Tensor permutation = at::randperm(classes, generator, at::kLong);
    EXPECT_DOUBLE_EQ(best_permuted_accuracy(permutation.index({labels}), labels, classes), 1);
  }
}

TEST(BestPermutedAccuracy, EqualsTheBestOfAllPermutations) {
  at::Generator generator = at::detail::createCPUGenerator(6);
  for (int trial = 0; trial < 20; ++trial) {
    const at::Tensor predictions = at::randint(0, 6, {50}, generator, at::kLong);
    const at::Tensor labels = at::randint(0, 6, {50}, generator, at::kLong);
    std::vector<int64_t> order(6);
    std::iota(order.begin(), order.end(), 0);
    double best = 0;
    do {
      const at::Tensor renamed = labels_of(order).index({predictions});
      best = std::max(best, renamed.eq(labels).to(at::kDouble).mean().item<double>());
    } while (std::next_permutation(order.begin(), order.end()));
    EXPECT_NEAR(best_permuted_accuracy(predictions, labels, 6), best, 1e-12);
  }
}

TEST(BestPermutedAccuracy, WorksForAThousandClasses) {
  const at::Tensor labels = at::arange(3000, at::kLong).remainder(1000);
  EXPECT_DOUBLE_EQ(best_permuted_accuracy((labels + 1).remainder(1000), labels, 1000), 1);
}

TEST(BestPermutedAccuracy, BadInputIsRefused) {
  const auto message = [](const at::Tensor& predictions, const at::Tensor& labels) {
    return error_message<std::invalid_argument>([&] { best_permuted_accuracy(predictions, labels, 2); });
  };
  EXPECT_PRED2(contains, message(labels_of({}), labels_of({})), "at least one prediction");
  EXPECT_PRED2(contains, message(labels_of({0, 2}), labels_of({0, 1})), "labels in 0 ... 1");
}

TEST(ClassificationOutcomes, KeepOneRowAnExample) {
  const at::Tensor labels = labels_of({1, 0});
  const Classification result = classify(at::tensor({0.0f, 1.0f, 0.0f, 1.0f}).view({2, 2}), labels);
  const Outcomes outcomes = classification_outcomes(result, labels, {"a", "b"}, {"cat", "dog"});
  EXPECT_EQ(outcomes.class_names, (std::vector<std::string>{"cat", "dog"}));
  ASSERT_EQ(outcomes.tables.size(), 1U);
  const OutcomeTable& table = outcomes.tables[0];
  EXPECT_EQ(table.unit, "picture");
  EXPECT_EQ(table.ids, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(table.labels, (std::vector<int64_t>{1, 0}));
  const std::map<std::string, std::vector<double>> columns = {{"prediction", {1, 1}}, {"correct", {1, 0}}};
  EXPECT_EQ(table.columns, columns) << "no column for the top five of two classes";
  EXPECT_EQ(error_message<std::invalid_argument>([&] { classification_outcomes(result, labels, {"a"}, {}); }),
            "[metrics] expected 2 ids; got 1");
}

TEST(ClassificationOutcomes, SayWhoIsAmongTheFirstFive) {
  const at::Tensor labels = at::arange(7, at::kLong), tied = at::zeros({7, 7});
  const std::vector<std::string> ids = {"a", "b", "c", "d", "e", "f", "g"};
  const Classification result = classify(tied, labels);
  const Outcomes outcomes = classification_outcomes(result, labels, ids, {});
  EXPECT_EQ(outcomes.column("correct_top5"), (std::vector<double>{1, 1, 1, 1, 1, 0, 0}));
  for (const Metric& metric : classification_metrics(result))
    EXPECT_NEAR(aggregate_outcomes(metric, outcomes.tables[0]), metric.value, 1e-12) << metric.name;
}

TEST(PictureTable, TakesIdsAndClassesFromTheDataSet) {
  const Task task = toy_task(4, 8);
  const std::vector<int64_t> examples = {1, 6};
  const OutcomeTable table = picture_table(*task.test, examples);
  EXPECT_EQ(table.ids, (std::vector<std::string>{"test/1", "test/6"}));
  EXPECT_EQ(table.labels, (std::vector<int64_t>{1, 2}));
}

}  // namespace
}  // namespace repbench
