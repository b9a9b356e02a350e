#include "reports/history/history.h"

#include <gtest/gtest.h>

#include "tests/files/error_message.h"
#include "tests/reports/compare/reports_on_disk.h"
#include "tests/reports/history/reports_over_time.h"

namespace repbench {
namespace {

constexpr size_t kPictures = 1000;

std::vector<float> first_right(int correct, int n = 100) {
  std::vector<float> outcomes(static_cast<size_t>(n), 0);
  for (int i = 0; i < correct; ++i) outcomes[static_cast<size_t>(i)] = 1;
  return outcomes;
}

class ReadHistory : public testing::Test {
 protected:
  History read(const HistoryOptions& options = {}) { return read_history({reports_.path()}, options); }

  template <class Error>
  std::string error(const HistoryOptions& options = {}) {
    return error_message<Error>([&] { read(options); });
  }

  /// The only one.
  const MetricHistory& only(const History& history) {
    EXPECT_EQ(history.metrics.size(), 1U);
    return history.metrics.at(0);
  }

  ReportsOverTime reports_;
};

TEST_F(ReadHistory, OrdersByTimeNotByFolder) {
  reports_.add("a", report_at("2026-03-03T08:00:00Z", first_right(83)));
  reports_.add("b", report_at("2026-03-01T08:00:00Z", first_right(81)));
  reports_.add("c", report_at("2026-03-02T23:30:00-01:00", first_right(82)));  // the 3rd in UTC, before a
  const History history = read();
  std::vector<double> values;
  for (const HistoryPoint& point : only(history).points) values.push_back(point.value);
  EXPECT_EQ(values, (std::vector<double>{0.81, 0.82, 0.83}));
  EXPECT_EQ(history.metrics[0].points[0].commit_text(), "abc1234");
}

TEST_F(ReadHistory, OrdersReportsOfOneTimeByFile) {
  for (const int number : {2, 1, 3})
    reports_.add(std::to_string(number),
                 with_checkpoint(report_at(day(0), first_right(80 + number)), number));
  const History history = read();
  ASSERT_EQ(only(history).points.size(), 3U);
  EXPECT_NEAR(history.metrics[0].points[0].value, 0.81, 1e-12);
}

TEST_F(ReadHistory, KeepsOneLabelTogetherWhateverItsCheckpointAndConfiguration) {
  for (int i = 0; i < 4; ++i) {
    Record record = with_checkpoint(report_at(day(i), first_right(80)), i);
    record.checkpoint["config"] = {{"objective", {{"mask_ratio", 0.5 + 0.1 * i}}}};
    reports_.add(record);
  }
  EXPECT_EQ(only(read()).points.size(), 4U);
}

TEST_F(ReadHistory, NeverJoinsTwoFingerprints) {
  reports_.add(report_at(day(0), first_right(80)));
  reports_.add(report_at(day(1), first_right(80)));
  reports_.add(with_setting(report_at(day(2), first_right(90)), "k", 5));
  const History history = read();
  ASSERT_EQ(history.metrics.size(), 2U);
  EXPECT_EQ(history.metrics[0].points.size(), 2U);
  EXPECT_EQ(history.metrics[1].points.size(), 1U);
  EXPECT_NE(history.metrics[0].heading, history.metrics[1].heading);
}

TEST_F(ReadHistory, TellsFingerprintsApartByWhatDiffers) {
  for (const char* solver : {"ridge", "logistic"})
    reports_.add(with_setting(report_at(day(0), first_right(80)), "solver", solver));
  const History history = read();
  ASSERT_EQ(history.metrics.size(), 2U);
  EXPECT_EQ(history.metrics[0].heading, "fashion_mnist: knn solver=ridge, accuracy");
  EXPECT_EQ(history.metrics[1].heading, "fashion_mnist: knn solver=logistic, accuracy");
}

Record seed_at(const std::string& time, int seed, int correct) {
  return with_seed(report_at(time, first_right(correct)), seed);
}

TEST_F(ReadHistory, PoolsTheSeedsThatOneCommitJudgedOnOneDay) {
  reports_.add(seed_at("2026-03-01T08:00:00Z", 0, 80));
  reports_.add(seed_at("2026-03-01T09:00:00Z", 1, 82));
  reports_.add(seed_at("2026-03-01T10:00:00Z", 2, 84));
  reports_.add(seed_at("2026-03-02T08:00:00Z", 0, 90));
  const History history = read();
  ASSERT_EQ(only(history).points.size(), 2U);
  const HistoryPoint& pooled = history.metrics[0].points[0];
  EXPECT_NEAR(pooled.value, 0.82, 1e-12);
  ASSERT_TRUE(pooled.interval);
  EXPECT_NEAR(pooled.interval->high - pooled.value, 4.302653 * 0.02 / std::sqrt(3), 1e-6);
  EXPECT_EQ(pooled.checkpoint_text(), "aaaaaaa and 2 more");
}

TEST_F(ReadHistory, TakesTheSameCheckpointJudgedAgainForAFurtherPoint) {
  reports_.add(seed_at("2026-03-01T08:00:00Z", 0, 80));
  reports_.add(seed_at("2026-03-01T09:00:00Z", 0, 80));
  Record other = seed_at("2026-03-01T10:00:00Z", 1, 80);
  other.run["commit"] = "fffffff";
  reports_.add(other);
  EXPECT_EQ(only(read()).points.size(), 3U);
}

TEST_F(ReadHistory, DoesNotPoolSeedsOfDifferentSettings) {
  reports_.add(seed_at("2026-03-01T08:00:00Z", 0, 80));
  Record other = seed_at("2026-03-01T09:00:00Z", 1, 80);
  other.checkpoint["config"]["objective"] = {{"mask_ratio", 0.5}};
  reports_.add(other);
  EXPECT_EQ(only(read()).points.size(), 2U);
}

TEST_F(ReadHistory, MarksAProgramWithUncommittedChanges) {
  Record record = report_at(day(0), first_right(80));
  record.run["commit"] = "0123456789abcdef";
  record.run["dirty"] = true;
  reports_.add(record);
  record.run = {{"time", day(1)}, {"command", ""}, {"commit", ""}, {"dirty", false}};
  reports_.add(record);
  const History history = read();
  EXPECT_EQ(only(history).points[0].commit_text(), "0123456+");
  EXPECT_EQ(history.metrics[0].points[1].commit_text(), "—");
}

TEST_F(ReadHistory, FindsTwoPointsInAThousandPairedPictures) {
  Dice dice(5);
  for (int run = 0; run < 12; ++run) {
    Record record = report_at(day(run), outcomes_of_a_training(dice, kPictures, run < 7 ? 0 : 0.02));
    record.run["commit"] = fmt::format("{:07}", run);
    reports_.add(with_checkpoint(record, run));
  }
  const History history = read();
  const MetricHistory& metric = only(history);
  ASSERT_EQ(metric.changes.size(), 1U);
  const ChangePoint& change = metric.changes[0];
  EXPECT_EQ(metric.points[change.at].commit_text(), "0000007");
  EXPECT_NEAR(change.difference(), -0.02, 0.008);
  EXPECT_LT(change.p, 0.01);
  EXPECT_TRUE(change.p_checkpoints);
  EXPECT_EQ(metric.test, "z of paired differences over 1000 pictures");
}

TEST_F(ReadHistory, FindsNoChangeWhereTheSameCheckpointIsJudgedAgain) {
  for (int run = 0; run < 6; ++run) reports_.add(report_at(day(run), first_right(80)));
  const History history = read();
  EXPECT_TRUE(only(history).changes.empty());
}

TEST_F(ReadHistory, FallsBackToStandardErrorsWhereOutcomesAreOfOtherPictures) {
  for (int run = 0; run < 4; ++run) {
    Record record = report_at(day(run), first_right(run < 2 ? 5 : 95));
    if (run == 3) record.outcomes->tables[0].ids[0] = "another picture";
    reports_.add(record);
  }
  const History history = read();
  EXPECT_EQ(only(history).test, "z of unpaired standard errors");
  ASSERT_EQ(history.metrics[0].changes.size(), 1U);
  EXPECT_EQ(history.metrics[0].changes[0].at, 2U);
}

TEST_F(ReadHistory, ShowsASinglePointWithoutChanges) {
  reports_.add(report_at(day(0), first_right(80)));
  const History history = read();
  EXPECT_EQ(only(history).points.size(), 1U);
  EXPECT_TRUE(history.metrics[0].changes.empty());
}

Record speed_at(const std::string& time, const std::string& cpu) {
  Record record = sample_record("MAE", "throughput", 0);
  record.run["time"] = time;
  record.environment["cpu"] = cpu;
  record.outcomes.reset();
  Metric& metric = record.metrics[0];
  metric = Metric{};
  metric.name = "inference_images_per_second";
  metric.unit = "images/s";
  metric.headline = true;
  metric.value = 1000;
  metric.repetitions = Repetitions{"timed block", {990, 1000, 1010}};
  return record;
}

TEST_F(ReadHistory, NeverJoinsTimesOfTwoMachines) {
  for (const char* cpu : {"Slow CPU", "Fast CPU"}) reports_.add(speed_at(day(0), cpu));
  const History history = read();
  ASSERT_EQ(history.metrics.size(), 2U);
  EXPECT_PRED2(contains, history.metrics[0].heading, "on Slow CPU, cpu, 2 threads");
  EXPECT_PRED2(contains, history.metrics[1].heading, "on Fast CPU");
}

TEST_F(ReadHistory, TakesTheHeadlineAllMetricsOrOne) {
  Record record = report_at(day(0), first_right(80));
  Metric top5 = record.metrics[0];
  top5.name = "accuracy_top5";
  top5.headline = false;
  record.metrics.push_back(top5);
  reports_.add(record);
  EXPECT_EQ(read().metrics.size(), 1U);
  EXPECT_EQ(read({.metric = "all"}).metrics.size(), 2U);
  EXPECT_EQ(read({.metric = "accuracy_top5"}).metrics.at(0).heading, "fashion_mnist: knn, accuracy_top5");
}

TEST_F(ReadHistory, LeavesOutWhatIsBeforeADate) {
  for (int run = 0; run < 4; ++run) reports_.add(report_at(day(run), first_right(80)));
  EXPECT_EQ(only(read({.since = instant_in("2026-03-03")})).points.size(), 2U);
  EXPECT_EQ(error<std::runtime_error>({.since = instant_in("2027-01-01")}),
            "[history] expected a report of 2027-01-01T00:00:00Z or later below " + reports_.path().string() +
                "; found none");
}

TEST_F(ReadHistory, CountsAFileOnceThatIsFoundByTwoPaths) {
  reports_.add("a", report_at(day(0), first_right(80)));
  const History history = read_history({reports_.path(), reports_ / "a" / ".." / "a"});
  EXPECT_EQ(only(history).points.size(), 1U);
}

TEST_F(ReadHistory, NamesATimeThatIsNone) {
  reports_.add("a", report_at("last Tuesday", first_right(80)));
  const std::string message = error<std::invalid_argument>();
  EXPECT_PRED2(contains, message, (reports_ / "a/report.json").string());
  EXPECT_PRED2(contains, message, "expected a time of ISO 8601");
  EXPECT_PRED2(contains, message, "at run.time; got \"last Tuesday\"");
}

TEST_F(ReadHistory, NamesBothOfTwoReportsForOneCell) {
  reports_.add("a", report_at(day(0), first_right(80)));
  reports_.add("b", report_at(day(0), first_right(81)));
  EXPECT_EQ(error<std::invalid_argument>(),
            "[history] expected one report a cell, time, checkpoint and seed; got two of MAE by knn on "
            "fashion_mnist: " +
                (reports_ / "a/report.json").string() + " and " + (reports_ / "b/report.json").string());
}

TEST_F(ReadHistory, NamesAMetricThatIsNotDefinedOrInNoReport) {
  reports_.add(report_at(day(0), first_right(80)));
  EXPECT_PRED2(contains, error<std::invalid_argument>({.metric = "acuracy_top5"}),
               "[history] --metric: expected a metric that is defined");
  EXPECT_EQ(error<std::invalid_argument>({.metric = "masked_mse"}),
            "[history] --metric: expected a metric of these reports; got masked_mse");
}

TEST_F(ReadHistory, SaysWhereNoReportIs) {
  EXPECT_EQ(error<std::runtime_error>(),
            "[report] expected a report.json below " + reports_.path().string() + "; found none");
}

TEST_F(ReadHistory, NamesOutcomesThatAreMissing) {
  for (int run = 0; run < 2; ++run) reports_.add(std::to_string(run), report_at(day(run), first_right(80)));
  std::filesystem::remove(reports_ / "1/outcomes.json");
  EXPECT_PRED2(contains, error<std::invalid_argument>(), (reports_ / "1/outcomes.json").string());
}

TEST_F(ReadHistory, NamesOutcomesThatAreTooLarge) {
  for (int run = 0; run < 2; ++run) {
    Record record = report_at(day(run), {1});
    Metric& metric = record.metrics[0];
    metric = Metric{};
    metric.name = "masked_mse";
    metric.unit = "normalised pixels squared";
    metric.direction = Direction::lower_is_better;
    metric.headline = true;
    metric.n = 1;
    metric.value = run == 0 ? 1 : 1e300;
    metric.column = "correct";
    record.outcomes->tables[0].columns["correct"] = {metric.value};
    reports_.add(std::to_string(run), record);
  }
  const std::string message = error<std::invalid_argument>();
  EXPECT_PRED2(contains, message, (reports_ / "1/report.json").string());
  EXPECT_PRED2(contains, message, "within the range of floats; got 1e+300 in correct");
}

}  // namespace
}  // namespace repbench
