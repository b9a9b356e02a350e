#include "reports/statistics/ranking.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "reports/metric_kinds.h"
#include "tests/files/error_message.h"
#include "tests/reports/statistics/golden_columns.h"

namespace repbench {
namespace {

constexpr size_t kPictures = 120, kClasses = 7;  // of ranking.safetensors

/// Rows [picture, class], class k in row i * K + k.
std::vector<int64_t> classes_of_rows(size_t pictures, size_t classes) {
  std::vector<int64_t> result;
  for (size_t i = 0; i < pictures * classes; ++i) result.push_back(static_cast<int64_t>(i % classes));
  return result;
}

TEST(Rankings, AreScikitLearnsForEqualScoresAndForResamples) {
  const GoldenColumns golden("ranking.safetensors");
  const std::vector<double> scores = golden.reals("scores"), expected = golden.reals("expected");
  const std::vector<int64_t> targets = golden.integers("targets"), weights = golden.integers("weights");
  const Rankings rankings(scores, std::vector<double>(targets.begin(), targets.end()),
                          classes_of_rows(kPictures, kClasses));
  for (size_t sample = 0; sample < 3; ++sample) {
    std::vector<uint32_t> counts;
    for (size_t row = 0; row < scores.size(); ++row)
      counts.push_back(static_cast<uint32_t>(weights[sample * kPictures + row / kClasses]));
    EXPECT_NEAR(rankings.mean_average_precision(counts), expected[3 * sample], 1e-12) << sample;
    EXPECT_NEAR(rankings.mean_average_precision_11_point(counts), expected[3 * sample + 1], 1e-12) << sample;
    EXPECT_NEAR(rankings.roc_auc(counts), expected[3 * sample + 2], 1e-12) << sample;
  }
  EXPECT_DOUBLE_EQ(rankings.roc_auc(), rankings.roc_auc(std::vector<uint32_t>(scores.size(), 1)));
}

TEST(Rankings, OfOneClassAreTheBinaryCase) {
  const GoldenColumns golden("ranking.safetensors");
  const std::vector<double> scores = golden.reals("scores");
  const std::vector<int64_t> targets = golden.integers("targets");
  std::vector<double> first, relevant;
  for (size_t row = 0; row < scores.size(); row += kClasses) {
    first.push_back(scores[row]);
    relevant.push_back(static_cast<double>(targets[row]));
  }
  const Rankings rankings(first, relevant, std::vector<int64_t>(kPictures, 1));
  EXPECT_NEAR(rankings.roc_auc(), golden.reals("binary_auc")[0], 1e-14);
}

// Relevant, not, relevant, not, not: precision 1 up to recall 1/2, then 2/3; 6 of 11 recalls are at most 1/2.
TEST(Rankings, OfAHandMadeMatrixAreAsCountedByHand) {
  const std::vector<double> scores = {5, 4, 3, 2, 1}, relevant = {1, 0, 1, 0, 0};
  const std::vector<int64_t> one_class(5, 0);
  const Rankings rankings(scores, relevant, one_class);
  EXPECT_DOUBLE_EQ(rankings.mean_average_precision(), (1 + 2.0 / 3) / 2);
  EXPECT_DOUBLE_EQ(rankings.mean_average_precision_11_point(), (6 * 1 + 5 * 2.0 / 3) / 11);
  EXPECT_DOUBLE_EQ(rankings.roc_auc(), 5.0 / 6);
}

TEST(Rankings, ReachARecallOfTenthsExactly) {
  std::vector<double> scores, relevant;
  for (int i = 0; i < 20; ++i) {
    scores.push_back(-i);
    relevant.push_back(i % 2 == 0 ? 1 : 0);  // precision (k / (2k - 1)) at recall k / 10
  }
  double expected = 1;
  for (int k = 1; k <= 10; ++k) expected += k / (2.0 * k - 1);
  const Rankings rankings(scores, relevant, std::vector<int64_t>(20, 0));
  EXPECT_NEAR(rankings.mean_average_precision_11_point(), expected / 11, 1e-14);
}

TEST(Rankings, DoNotDependOnTheOrderOfEqualScores) {
  const std::vector<double> scores = {1, 1, 1, 1};
  const std::vector<int64_t> one_class(4, 0);
  for (const std::vector<double>& relevant : {std::vector<double>{1, 0, 0, 0}, {0, 0, 0, 1}}) {
    const Rankings rankings(scores, relevant, one_class);
    EXPECT_DOUBLE_EQ(rankings.mean_average_precision(), 0.25);
    EXPECT_DOUBLE_EQ(rankings.mean_average_precision_11_point(), 0.25);
    EXPECT_DOUBLE_EQ(rankings.roc_auc(), 0.5);
  }
}

TEST(Rankings, LeaveClassesOutThatHaveNothingToRank) {
  const std::vector<double> scores = {1, 2, 3, 4}, relevant = {0, 1, 0, 0};
  const Rankings rankings(scores, relevant, std::vector<int64_t>{0, 0, 1, -1});
  EXPECT_DOUBLE_EQ(rankings.mean_average_precision(), 1);
  EXPECT_DOUBLE_EQ(rankings.roc_auc(), 1);
  const Rankings none(scores, std::vector<double>(4, 0), std::vector<int64_t>(4, 0));
  EXPECT_DOUBLE_EQ(none.mean_average_precision(), 0);
  EXPECT_DOUBLE_EQ(none.mean_average_precision_11_point(), 0);
  EXPECT_DOUBLE_EQ(none.roc_auc(), 0.5);
}

TEST(Rankings, ColumnsOfOtherLengthsAreAnErrorOfTheProgram) {
  const std::vector<double> two = {1, 2}, one = {1};
  EXPECT_THROW(Rankings(two, one, std::vector<int64_t>(2, 0)), std::logic_error);
}

Metric of_scores(const std::string& name) {
  Metric metric;
  metric.name = name;
  metric.column = "score";
  return metric;
}

TEST(AggregateOutcomes, RankPicturesWithinTheClassOfTheirRow) {
  const OutcomeTable table = {"picture and class",
                              {"a/0", "a/1", "b/0", "b/1"},
                              {0, 1, 0, 1},
                              {{"score", {1, 1, 2, 2}}, {"relevant", {1, 0, 0, 1}}},
                              {0, 0, 1, 1}};
  EXPECT_DOUBLE_EQ(aggregate_outcomes(of_scores("mean_average_precision"), table), 0.75);
  EXPECT_DOUBLE_EQ(aggregate_outcomes(of_scores("roc_auc"), table), 0.5);
  const std::vector<uint32_t> second_class = {0, 1, 0, 1};
  EXPECT_DOUBLE_EQ(aggregate_outcomes(of_scores("mean_average_precision_11_point"), table, second_class), 1);
}

TEST(AggregateOutcomes, AMissingColumnBesideTheScoresIsNamed) {
  const OutcomeTable table = {"picture and class", {"a/0"}, {0}, {{"score", {1}}}};
  EXPECT_EQ(error_message<std::invalid_argument>(
                [&] { aggregate_outcomes(of_scores("mean_average_precision"), table); }),
            "[metrics] mean_average_precision: expected a column 'relevant' beside 'score'; got none");
}

TEST(OutcomesStatistic, SortsAHundredThousandRowsOnceForAllResamples) {
  constexpr size_t kRows = 100000;
  std::mt19937_64 random(1);
  std::vector<double> scores(kRows), relevant(kRows);
  for (size_t i = 0; i < kRows; ++i) {
    scores[i] = static_cast<double>(random() % 100000);
    relevant[i] = random() % 20 == 0 ? 1 : 0;
  }
  const Rankings rankings(scores, relevant, classes_of_rows(kRows / 20, 20));
  const std::vector<uint32_t> counts(kRows, 1);
  const auto start = std::chrono::steady_clock::now();
  double sum = 0;
  for (int resample = 0; resample < 20; ++resample) sum += rankings.mean_average_precision(counts);
  EXPECT_GT(sum, 0);
  EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), 0.6)
      << "2,000 resamples stay below a minute";
}

}  // namespace
}  // namespace repbench
