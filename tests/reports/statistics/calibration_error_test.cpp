#include "reports/statistics/calibration_error.h"

#include <gtest/gtest.h>

#include <numeric>

#include "reports/metric_kinds.h"
#include "tests/files/error_message.h"
#include "tests/reports/statistics/golden_columns.h"

namespace repbench {
namespace {

class CalibrationError : public testing::Test {
 protected:
  std::vector<uint32_t> counts(size_t row) const {
    const std::vector<int64_t> weights = golden_.integers("weights");
    return {weights.begin() + static_cast<int64_t>(row * 300),
            weights.begin() + static_cast<int64_t>((row + 1) * 300)};
  }

  const GoldenColumns golden_{"calibration.safetensors"};
  const std::vector<double> correct_ = golden_.reals("correct");
};

TEST_F(CalibrationError, OfEqualWidthIsScikitLearnsCurve) {
  for (const char* column : {"confidence", "rounded"}) {
    const std::vector<double> confidences = golden_.reals(column);
    const std::vector<double> expected =
        golden_.reals(column == std::string("rounded") ? "width_rounded" : "width");
    for (size_t row = 0; row < 2; ++row)
      EXPECT_NEAR(expected_calibration_error(equal_width_bins(confidences, correct_, counts(row))),
                  expected[row], 1e-12)
          << column << row;
  }
}

TEST_F(CalibrationError, OfEqualMassCutsTheRunningSums) {
  for (const char* column : {"confidence", "rounded"}) {
    const std::vector<double> confidences = golden_.reals(column);
    const std::vector<double> expected =
        golden_.reals(column == std::string("rounded") ? "mass_rounded" : "mass");
    const EqualMassBins bins(confidences, correct_);
    for (size_t row = 0; row < 2; ++row)
      EXPECT_NEAR(expected_calibration_error(bins.bins(counts(row))), expected[row], 1e-12) << column << row;
  }
}

TEST(CalibrationBins, TakeTheUpperEdgeInside) {
  const std::vector<double> confidences = {0, 1.0 / 15, 1.0 / 15 + 1e-12, 14.0 / 15, 1};
  const std::vector<double> correct = {0, 1, 0, 1, 1};
  const std::vector<CalibrationBin> bins = equal_width_bins(confidences, correct);
  ASSERT_EQ(bins.size(), 15U);
  EXPECT_EQ(bins[0].n, 2);
  EXPECT_EQ(bins[0].correct, 1);
  EXPECT_EQ(bins[1].n, 1);
  EXPECT_EQ(bins[13].n, 1);
  EXPECT_EQ(bins[14].n, 1);
  for (int edge = 1; edge <= 15; ++edge) {
    const std::vector<double> one = {edge / 15.0}, right = {1};
    EXPECT_EQ(equal_width_bins(one, right)[static_cast<size_t>(edge - 1)].n, 1) << edge;
  }
}

TEST(CalibrationBins, OfEqualMassHoldEquallyMany) {
  std::vector<double> confidences, correct;
  for (int i = 0; i < 37; ++i) {
    confidences.push_back(i % 5 / 5.0);
    correct.push_back(i % 2);
  }
  double n = 0, right = 0;
  for (const CalibrationBin& bin : EqualMassBins(confidences, correct).bins()) {
    EXPECT_NEAR(bin.n, 37.0 / 15, 1e-9);
    n += bin.n;
    right += bin.correct;
  }
  EXPECT_NEAR(n, 37, 1e-9);
  EXPECT_NEAR(right, 18, 1e-9);
}

TEST(CalibrationBins, OfEqualMassDoNotDependOnTheOrderOfEqualConfidences) {
  const std::vector<double> even(16, 0.5), first = {1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0};
  const std::vector<double> last(first.rbegin(), first.rend());
  EXPECT_NEAR(expected_calibration_error(EqualMassBins(even, first).bins()), 0, 1e-15);
  EXPECT_NEAR(expected_calibration_error(EqualMassBins(even, last).bins()), 0, 1e-15);
}

TEST(ErrorIfCalibrated, ShrinksWithTheRootOfTheNumberOfPredictions) {
  std::vector<double> few, many;
  for (int i = 0; i < 200; ++i) few.push_back(0.3 + 0.7 * i / 200);
  for (int i = 0; i < 100; ++i) many.insert(many.end(), few.begin(), few.end());
  const CalibratedError of_few = error_if_calibrated(few, 1), of_many = error_if_calibrated(many, 1);
  EXPECT_GT(of_few.mean, 0.03);
  EXPECT_GT(of_few.quantile_95, of_few.mean);
  EXPECT_NEAR(of_many.mean, of_few.mean / 10, of_few.mean / 50);
  EXPECT_EQ(error_if_calibrated(few, 1).mean, of_few.mean);
  const std::vector<double> sure(10, 1.0);
  EXPECT_EQ(error_if_calibrated(sure, 1).mean, 0);
}

TEST_F(CalibrationError, IsRecountedFromOutcomes) {
  OutcomeTable table = {"picture", {}, std::vector<int64_t>(300, 0), {}};
  for (int i = 0; i < 300; ++i) table.ids.push_back(std::to_string(i));
  table.columns = {{"confidence", golden_.reals("confidence")}};
  Metric metric;
  metric.name = "expected_calibration_error";
  metric.column = "confidence";
  EXPECT_EQ(
      error_message<std::invalid_argument>([&] { aggregate_outcomes(metric, table); }),
      "[metrics] expected_calibration_error: expected a column 'correct' beside 'confidence'; got none");
  table.columns["correct"] = correct_;
  const std::vector<uint32_t> drawn = counts(1);
  EXPECT_NEAR(aggregate_outcomes(metric, table), golden_.reals("width")[0], 1e-12);
  EXPECT_NEAR(outcomes_statistic(metric, table)(drawn), golden_.reals("width")[1], 1e-12);
  metric.name = "expected_calibration_error_equal_mass";
  EXPECT_NEAR(aggregate_outcomes(metric, table, drawn), golden_.reals("mass")[1], 1e-12);
}

}  // namespace
}  // namespace repbench
