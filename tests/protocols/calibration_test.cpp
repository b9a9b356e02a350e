#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "protocols/stored_features.h"
#include "reports/metric_kinds.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/protocols/toy_subject.h"

namespace repbench {
namespace {

constexpr int64_t kClasses = 3, kWidth = 4;

/// Features around a mean a class, so close that a probe errs often.
at::Tensor overlapping(int64_t n, double apart, int64_t seed) {
  at::Generator generator = at::detail::createCPUGenerator(static_cast<uint64_t>(seed));
  at::Tensor features = at::randn({n, kWidth}, generator);
  for (int64_t i = 0; i < n; ++i) features[i][i % kClasses] += apart;
  return features;
}

class Calibration : public testing::Test {
 protected:
  /// A file of `train` and `test` rows, as one who is judged.
  Record judge(const Json& settings, int64_t train, int64_t test, double apart = 1.5) {
    return run_protocol("calibration", settings, subject_of_rows(train, test, apart), task_).record;
  }

  Subject subject_of_rows(int64_t train, int64_t test, double apart) {
    std::vector<int64_t> labels, split;
    for (int64_t i = 0; i < train + test; ++i) {
      labels.push_back((i < train ? i : i - train) % kClasses);
      split.push_back(i < train ? 0 : 1);
    }
    save_tensors(folder_ / "rows.safetensors",
                 {{"features", at::cat({overlapping(train, apart, 1), overlapping(test, apart, 2)})},
                  {"labels", at::tensor(labels, at::kLong)},
                  {"split", at::tensor(split, at::kLong)},
                  {"text_features", at::eye(kClasses, kWidth)}});
    Subject subject = feature_subject(folder_ / "rows.safetensors");
    const auto rows = [&](const std::string& name) {
      return std::make_shared<FeatureRows>(subject.features, subject.features->rows_of_split(name), name);
    };
    task_.train = rows("train");
    task_.test = rows("test");
    task_.train_examples = all_examples(*task_.train);
    task_.test_examples = all_examples(*task_.test);
    return subject;
  }

  ScratchFolder folder_;
  Task task_;
};

TEST_F(Calibration, ATemperatureMendsAnOverconfidentHead) {
  const Record record = judge({{"head", "zero_shot"}, {"logit_scale", 100}}, 600, 900);
  const double before = record.headline().value;
  EXPECT_EQ(record.headline().name, "expected_calibration_error");
  EXPECT_GT(before, 0.2);
  EXPECT_LT(record.find("expected_calibration_error_scaled")->value, 0.3 * before);
  EXPECT_LT(record.find("negative_log_likelihood_scaled")->value,
            0.3 * record.find("negative_log_likelihood")->value);
  EXPECT_LT(record.find("brier_score_scaled")->value, record.find("brier_score")->value);
  EXPECT_GT(record.resolved["temperature"].get<double>(), 3);
  EXPECT_EQ(record.resolved["temperature_examples"], 120);
  EXPECT_TRUE(record.warnings.empty()) << record.warnings[0];
}

TEST_F(Calibration, AProbeOnFewDimensionsIsCalibratedAndSaysSo) {
  const Record record = judge(Json::object(), 3000, 300);
  EXPECT_LT(record.headline().value, 0.08);
  EXPECT_NEAR(record.resolved["temperature"].get<double>(), 1, 0.2);
  const Json& floor = record.resolved["expected_calibration_error_if_calibrated"];
  EXPECT_GT(floor["quantile_95"], floor["mean"]);
  ASSERT_EQ(record.warnings.size(), 1U);
  EXPECT_PRED2(contains, record.warnings[0], "no more than a perfectly calibrated classifier");
}

TEST_F(Calibration, CurvesHoldEveryPictureOnce) {
  const Record record = judge(Json::object(), 300, 100);
  ASSERT_EQ(record.curves.size(), 4U);
  EXPECT_EQ(record.curves[0].name, "reliability");
  double pictures = 0;
  for (const double n : record.curves[1].y) pictures += n;
  EXPECT_EQ(pictures, 100);
  for (size_t i = 0; i < record.curves[0].x.size(); ++i) {
    EXPECT_LE(record.curves[0].intervals[i].low, record.curves[0].y[i]);
    EXPECT_GE(record.curves[0].intervals[i].high, record.curves[0].y[i]);
  }
  EXPECT_FALSE(record.find("accuracy")->headline);
  EXPECT_GT(record.find("accuracy")->value, 0.5);
}

TEST_F(Calibration, BadInputIsRefused) {
  const auto message = [&](const Json& settings) {
    return error_message<std::invalid_argument>([&] { judge(settings, 60, 30); });
  };
  EXPECT_PRED2(contains, message({{"head", "zero_shot"}}),
               "[calibration] key 'logit_scale': expected a factor on cosines");
  EXPECT_PRED2(contains, message({{"head", "svm"}}), "key 'head'");
  Subject subject = subject_of_rows(60, 30, 1.5);
  task_.train_examples = these_examples(*task_.train, {0, 1, 3, 4, 6, 7, 9, 10});
  EXPECT_EQ(
      error_message<std::invalid_argument>(
          [&] { run_protocol("calibration", Json::object(), subject, task_); }),
      "[calibration] expected training pictures of each class that is asked for, beside those held out; "
      "got none of '2'");
}

}  // namespace
}  // namespace repbench
