#include "reports/history/changes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numeric>

#include "reports/statistics/change_points.h"
#include "tests/reports/history/reports_over_time.h"

namespace repbench {
namespace {

constexpr size_t kRuns = 12, kPictures = 1000;

using Columns = std::vector<std::vector<float>>;

/// What find_changes does with outcomes, without files.
std::vector<size_t> changes_of(const Columns& columns) {
  std::vector<double> values;
  for (const std::vector<float>& column : columns)
    values.push_back(std::accumulate(column.begin(), column.end(), 0.0) / static_cast<double>(column.size()));
  const std::span<const double> all(values);
  return change_points(columns.size(), [&](size_t begin, size_t split, size_t end) {
    const bool due = split == begin + best_split(all.subspan(begin, end - begin));
    return due ? paired_p(columns, begin, split, end) : 1.0;
  });
}

/// Of 200 histories without a change: at most the 2 % that a level of 1 % leaves room for.
void expect_few_false_changes(const std::function<bool(Dice&)>& is_changed) {
  int changed = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Dice dice(seed);
    changed += is_changed(dice) ? 1 : 0;
  }
  EXPECT_LE(changed, 4);
}

/// A history without files: of values and their standard errors.
MetricHistory history_of(const std::vector<double>& values, std::optional<double> standard_error,
                         std::vector<HistoryRun>& runs) {
  MetricHistory history;
  history.metric = "accuracy";
  runs.resize(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    Metric metric;
    metric.name = "accuracy";
    metric.value = values[i];
    metric.standard_error = standard_error;
    runs[i].record.metrics = {metric};
    runs[i].sha256 = std::to_string(i);
    history.points.push_back({{&runs[i]}, values[i], {}, standard_error});
  }
  return history;
}

TEST(PairedP, IsTheZOfEachPicturesDifference) {
  Columns columns(3, std::vector<float>(40, 0));
  for (size_t i = 0; i < 10; ++i) columns[2][i] = 1;                   // won by the third
  for (size_t i = 10; i < 14; ++i) columns[0][i] = columns[1][i] = 1;  // lost by it
  // Differences: 10 times 1, 4 times -1, 26 times 0: mean 0.15, variance (14 - 40 * 0.15^2) / 39 = 0.33590,
  // z = 0.15 / sqrt(0.33590 / 40) = 1.63688, and 2 (1 - Phi(z)) = 0.10165.
  EXPECT_NEAR(paired_p(columns, 0, 2, 3), 0.10165, 1e-5);
  EXPECT_EQ(paired_p(columns, 0, 1, 2), 1) << "against the first alone the second is nothing new";
  EXPECT_NEAR(paired_p(columns, 1, 2, 3), 0.10165, 1e-5);
}

TEST(PairedP, IsOneForEqualOutcomes) {
  Dice dice(1);
  std::vector<float> errors;  // not only zeros and ones: a third of them three times is not always the same
  for (size_t i = 0; i < kPictures; ++i) errors.push_back(static_cast<float>(dice.uniform() / 3));
  for (const size_t split : {1, 4, 11}) EXPECT_EQ(paired_p(Columns(kRuns, errors), 0, split, kRuns), 1);
}

TEST(PairedP, TrustsFewPicturesNoMoreThanAsManyCoins) {
  Columns columns(2, std::vector<float>(1000, 1));
  for (size_t i = 0; i < 5; ++i) columns[1][i] = 0;
  EXPECT_DOUBLE_EQ(paired_p(columns, 0, 1, 2), 1.0 / 16) << "five coins that all fall alike";
  EXPECT_EQ(paired_p(Columns{{1}, {0}}, 0, 1, 2), 1) << "a single picture";
  EXPECT_DOUBLE_EQ(paired_p(Columns{{1, 1, 1}, {0, 0, 0}}, 0, 1, 2), 1.0 / 4) << "without any variance";
}

TEST(BestSplit, IsWhereTwoMeansFitBest) {
  EXPECT_EQ(best_split(std::vector<double>{1, 1, 1, 5, 5}), 3U);
  EXPECT_EQ(best_split(std::vector<double>{1, 2, 1, 9, 8, 9, 8}), 3U);
  EXPECT_EQ(best_split(std::vector<double>{3, 4}), 1U);
}

TEST(Changes, OfTwoPointsInAThousandPairedPicturesAreFoundWhereTheyAre) {
  int found = 0, exact = 0, close = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Dice dice(seed);
    Columns columns;
    for (size_t run = 0; run < kRuns; ++run)
      columns.push_back(outcomes_of_a_training(dice, kPictures, run < 7 ? 0 : 0.02));
    const std::vector<size_t> changes = changes_of(columns);
    if (changes.size() != 1) continue;
    ++found;
    exact += changes[0] == 7 ? 1 : 0;
    close += changes[0] >= 6 && changes[0] <= 8 ? 1 : 0;
  }
  // A training's accuracy scatters by 0.55 points, so that some runs lie on the wrong side of the middle.
  EXPECT_GE(found, 95);
  EXPECT_GE(close, 90);
  EXPECT_GE(exact, 75);
}

TEST(Changes, BetweenTwoCheckpointsAreFoundWhereTheyAreHoweverOftenTheseAreJudged) {
  std::vector<float> better(kPictures, 1), worse = better;
  for (size_t i = 0; i < 20; ++i) worse[50 * i] = 0;
  for (size_t change = 1; change < kRuns; ++change) {
    Columns columns(kRuns, better);
    for (size_t run = change; run < kRuns; ++run) columns[run] = worse;
    EXPECT_EQ(changes_of(columns), std::vector<size_t>{change});
  }
}

TEST(Changes, AreRareWhereCheckpointsDifferByChanceOnly) {
  expect_few_false_changes([](Dice& dice) {
    Columns columns;
    for (size_t run = 0; run < kRuns; ++run) columns.push_back(outcomes_of_a_training(dice, kPictures));
    return !changes_of(columns).empty();
  });
}

TEST(Changes, AreRareWhereCheckpointsAreJudgedSeveralTimes) {
  expect_few_false_changes([](Dice& dice) {
    Columns columns;
    for (size_t run = 0; run < kRuns; ++run)
      columns.push_back(run % 3 != 0 ? columns.back() : outcomes_of_a_training(dice, kPictures));
    return !changes_of(columns).empty();
  });
}

TEST(Changes, AreRareAmongValuesWithStandardErrors) {
  expect_few_false_changes([](Dice& dice) {
    std::vector<double> values;
    for (size_t run = 0; run < kRuns; ++run) values.push_back(0.8 + 0.01 * dice.normal());
    std::vector<HistoryRun> runs;
    MetricHistory history = history_of(values, 0.01, runs);
    find_changes(history, 0.01);
    return !history.changes.empty();
  });
}

TEST(Changes, OfValuesAloneAreFoundByTheirStandardErrors) {
  std::vector<HistoryRun> runs;
  MetricHistory history = history_of({0.80, 0.81, 0.79, 0.80, 0.86, 0.85, 0.87, 0.86}, 0.01, runs);
  find_changes(history, 0.01);
  ASSERT_EQ(history.changes.size(), 1U);
  const ChangePoint& change = history.changes[0];
  EXPECT_EQ(change.at, 4U);
  EXPECT_NEAR(change.before, 0.80, 1e-12);
  EXPECT_NEAR(change.after, 0.86, 1e-12);
  // z = 0.06 / sqrt(0.01^2 / 4 + 0.01^2 / 4) = 8.485: 2.15e-17 on two sides, times 7 places.
  EXPECT_NEAR(change.p / 1.506e-16, 1, 0.01);
  // t = 0.06 / (sqrt(0.0004 / 6) * sqrt(1 / 4 + 1 / 4)) = 10.39 with 6 degrees of freedom: 4.66e-5, times 7.
  ASSERT_TRUE(change.p_checkpoints);
  EXPECT_NEAR(*change.p_checkpoints / 3.26e-4, 1, 0.02);
  EXPECT_PRED2([](const std::string& a, const std::string& b) { return a.find(b) != std::string::npos; },
               history.test, "unpaired standard errors");
}

TEST(Changes, AreNotLookedForWithoutOutcomesErrorsOrRepetitions) {
  std::vector<HistoryRun> runs;
  MetricHistory history = history_of({0.1, 0.1, 0.9, 0.9}, {}, runs);
  find_changes(history, 0.01);
  EXPECT_TRUE(history.changes.empty());
  EXPECT_EQ(history.test.rfind("none, as there are neither outcomes", 0), 0U) << history.test;
}

TEST(Changes, AreNoneBetweenEqualValuesWithoutAnyError) {
  std::vector<HistoryRun> runs;
  MetricHistory history = history_of(std::vector<double>(11, 0.7), 0.0, runs);
  find_changes(history, 0.01);
  EXPECT_TRUE(history.changes.empty()) << "means of equal numbers differ by rounding only";
}

/// Sessions of ten timed blocks each: a session has a speed of its own, its blocks scatter around it.
MetricHistory timed_history(Dice& dice, const std::vector<double>& speeds, std::vector<HistoryRun>& runs) {
  MetricHistory history;
  history.metric = "inference_images_per_second";
  history.unit = "images/s";
  runs.resize(speeds.size());
  for (size_t i = 0; i < speeds.size(); ++i) {
    Metric metric;
    metric.name = history.metric;
    metric.unit = history.unit;
    metric.repetitions = Repetitions{"timed block", {}};
    const double session = speeds[i] * (1 + 0.02 * dice.normal());
    for (int block = 0; block < 10; ++block)
      metric.repetitions->values.push_back(session * (1 + 0.005 * dice.normal()));
    metric.value = session;
    runs[i].record.metrics = {metric};
    history.points.push_back({{&runs[i]}, session, {}, {}});
  }
  return history;
}

TEST(Changes, OfTimesAreNotWhatASessionIsSlowerThanTheNext) {
  expect_few_false_changes([](Dice& dice) {
    std::vector<HistoryRun> runs;
    MetricHistory history = timed_history(dice, std::vector<double>(kRuns, 1000), runs);
    find_changes(history, 0.01);
    return !history.changes.empty();
  });
}

TEST(Changes, OfTimesAreFoundBeyondTheScatterOfSessions) {
  Dice dice(8);
  std::vector<double> speeds(kRuns, 1000);
  for (size_t i = 5; i < kRuns; ++i) speeds[i] = 800;
  std::vector<HistoryRun> runs;
  MetricHistory history = timed_history(dice, speeds, runs);
  find_changes(history, 0.01);
  ASSERT_EQ(history.changes.size(), 1U);
  EXPECT_EQ(history.changes[0].at, 5U);
  EXPECT_FALSE(history.changes[0].p_checkpoints);
}

TEST(Changes, OfTimesTakeThreeSessions) {
  Dice dice(4);
  std::vector<HistoryRun> runs;
  MetricHistory history = timed_history(dice, {1000, 500}, runs);
  find_changes(history, 0.01);
  EXPECT_TRUE(history.changes.empty());
}

TEST(ScatterP, IsStudentsTWithEqualVariances) {
  // scipy.stats.ttest_ind([1, 2, 3], [3, 5]).pvalue
  EXPECT_NEAR(*scatter_p(std::vector<double>{1, 2, 3}, std::vector<double>{3, 5}), 0.154031, 1e-6);
  EXPECT_FALSE(scatter_p(std::vector<double>{1}, std::vector<double>{2})) << "two values have no scatter";
  EXPECT_FALSE(scatter_p(std::vector<double>{}, std::vector<double>{1, 2, 3}));
  EXPECT_EQ(scatter_p(std::vector<double>{1, 1}, std::vector<double>{1}), 1);
  EXPECT_EQ(scatter_p(std::vector<double>{1, 1}, std::vector<double>{2}), 0);
}

}  // namespace
}  // namespace repbench
