#include "protocols/confidences.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/files/error_message.h"
#include "tests/pretrain/golden_tensors.h"

namespace repbench {
namespace {

GoldenTensors golden() {
  return GoldenTensors(std::filesystem::path(REPBENCH_SOURCE_DIR) / "tests/golden/calibration.safetensors");
}

TEST(Confidences, AreNumpys) {
  const GoldenTensors expected = golden();
  const Confidences said = confidences(expected.at("logits"), expected.at("labels"));
  EXPECT_LT(relative_error(at::tensor(said.confidence), expected.at("confidence")), 1e-13);
  EXPECT_LT(relative_error(at::tensor(said.brier), expected.at("brier")), 1e-13);
  EXPECT_LT(relative_error(at::tensor(said.nll), expected.at("nll")), 1e-13);
}

TEST(Confidences, OfHugeLogitsStayFinite) {
  const at::Tensor logits = at::tensor({1e30, -1e30}, at::kDouble).view({1, 2});
  const Confidences said = confidences(logits, at::tensor({1}, at::kLong), 0.01);
  EXPECT_EQ(said.confidence[0], 1);
  EXPECT_EQ(said.brier[0], 2);
  EXPECT_TRUE(std::isfinite(said.nll[0]));
}

TEST(FitTemperature, FindsScipysMinimum) {
  const GoldenTensors expected = golden();
  const double found = fit_temperature(expected.at("logits"), expected.at("labels"));
  EXPECT_NEAR(found, expected.at("temperature").item<double>(), 1e-5) << "scipy stops where the loss is flat";
  const Confidences said = confidences(expected.at("logits"), expected.at("labels"), found);
  EXPECT_NEAR(at::tensor(said.nll).mean().item<double>(), expected.at("loss").item<double>(), 1e-12);
}

TEST(FitTemperature, UndoesAFactor) {
  const GoldenTensors expected = golden();
  const double found = fit_temperature(expected.at("logits"), expected.at("labels"));
  EXPECT_NEAR(fit_temperature(5 * expected.at("logits"), expected.at("labels")), 5 * found, 1e-9);
  EXPECT_NEAR(fit_temperature(expected.at("logits") / 5 + 7, expected.at("labels")), found / 5, 1e-9);
}

TEST(FitTemperature, StopsAtItsEndsWhereAllAreRightOrTheLogitsMislead) {
  const at::Tensor logits = at::eye(3, at::kDouble), labels = at::arange(3, at::kLong);
  EXPECT_EQ(fit_temperature(1000 * logits, labels), kLeastTemperature);
  EXPECT_EQ(fit_temperature(logits, (labels + 1).remainder(3)), kHighestTemperature);
}

TEST(Confidences, BadInputIsRefused) {
  const auto message = [](const at::Tensor& logits, const at::Tensor& labels, double temperature) {
    return error_message<std::invalid_argument>([&] { confidences(logits, labels, temperature); });
  };
  const at::Tensor logits = at::rand({3, 2}), labels = at::zeros({3}, at::kLong);
  EXPECT_EQ(message(logits, labels, 0), "[calibration] expected a temperature above 0; got 0");
  EXPECT_EQ(message(logits / 0, labels, 1), "[calibration] expected finite logits; got another");
  EXPECT_PRED2(contains, message(logits, labels + 2, 1), "expected labels in 0 ... 1");
  EXPECT_PRED2(contains, message(at::rand({3}), labels, 1), "logits [N, K]");
}

}  // namespace
}  // namespace repbench
