#include "protocols/feature_quality.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/files/error_message.h"
#include "tests/pretrain/golden_tensors.h"

namespace repbench {
namespace {

GoldenTensors golden() {
  return GoldenTensors(std::filesystem::path(REPBENCH_SOURCE_DIR) /
                       "tests/golden/feature_quality.safetensors");
}

TEST(FeatureQuality, IsNumpysForTallWideAndFlatFeatures) {
  const GoldenTensors expected = golden();
  for (const std::string name : {"tall", "wide", "flat"}) {
    const at::Tensor features = expected.at(name), values = expected.at(name + ".measures");
    const auto value = [&](int64_t i) { return values[i].item<double>(); };
    const RankEstimate rank = rankme_with_error(features);
    EXPECT_EQ(rank.value, rankme(features)) << name;
    EXPECT_NEAR(rank.value, value(0), 1e-4 * value(0)) << name;
    EXPECT_NEAR(rank.standard_error, value(1), 1e-4 * value(0)) << name;
    EXPECT_NEAR(covariance_spectrum(features).effective_rank, value(2), 1e-9 * value(2)) << name;
    EXPECT_NEAR(covariance_spectrum(features).participation_ratio, value(3), 1e-9 * value(3)) << name;
    EXPECT_NEAR(feature_std(features), value(4), 1e-12) << name;
    EXPECT_NEAR(uniformity(features), value(5), 1e-6) << name;
  }
}

TEST(FeatureQuality, OfViewsIsNumpys) {
  const GoldenTensors expected = golden();
  EXPECT_LT(relative_error(alignments(expected.at("views")), expected.at("views.alignments")), 1e-12);
  const at::Tensor values = expected.at("lidar");
  EXPECT_NEAR(lidar(expected.at("views")), values[0].item<double>(), 1e-8);
  EXPECT_NEAR(lidar(expected.at("few")), values[1].item<double>(), 1e-8) << "fewer pictures than dimensions";
}

TEST(FeatureQuality, OfEvenFeaturesIsTheWidth) {
  const at::Tensor even = at::cat({at::eye(6), -at::eye(6)});
  EXPECT_NEAR(rankme(even), 6, 1e-4);
  EXPECT_NEAR(covariance_spectrum(even).effective_rank, 6, 1e-9);
  EXPECT_NEAR(covariance_spectrum(even).participation_ratio, 6, 1e-9);
  EXPECT_NEAR(feature_std(even), 1, 1e-12);
  EXPECT_EQ(rankme_with_error(at::eye(3)).value, rankme(at::eye(3))) << "fewer rows than groups";
}

TEST(FeatureQuality, OfCollapsedFeaturesIsCollapsed) {
  const at::Tensor same = at::full({50, 8}, 0.3);
  EXPECT_NEAR(rankme(same), 1, 1e-4);
  EXPECT_EQ(covariance_spectrum(same).effective_rank, 0);
  EXPECT_EQ(covariance_spectrum(same).participation_ratio, 0);
  EXPECT_NEAR(feature_std(same), 0, 1e-6);
  EXPECT_NEAR(uniformity(same), 0, 1e-6);
  EXPECT_NEAR(uniformity(at::zeros({50, 8})), 0, 1e-6) << "all at one place, if at none of length 1";
  EXPECT_EQ(rankme(at::zeros({5, 3})), 0);
  EXPECT_EQ(feature_std(at::zeros({5, 3})), 0);
  EXPECT_EQ(lidar(at::ones({5, 2, 3})), 0);
  EXPECT_EQ(alignments(at::ones({5, 2, 3})).sum().item<double>(), 0);
}

TEST(FeatureQuality, UniformityIsTheSameOverBlocks) {
  const at::Tensor features = at::randn({1500, 5});
  const at::Tensor rows = (features / features.norm(2, {1}, true)).to(at::kDouble);
  const at::Tensor squared = (2 - 2 * rows.mm(rows.t())).clamp_min(0);
  const double sum = at::triu((-2 * squared).exp(), 1).sum().item<double>();
  EXPECT_NEAR(uniformity(features), std::log(sum / (1500.0 * 1499 / 2)), 1e-6);
}

TEST(FeatureQuality, BadInputIsRefused) {
  const auto message = [](const at::Tensor& features) {
    return error_message<std::invalid_argument>([&] { rankme(features); });
  };
  EXPECT_EQ(message(at::ones({1, 4})),
            "[features] expected floating-point features [N, D] with N of at least 2; got Float [1, 4]");
  EXPECT_PRED2(contains, message(at::ones({4})), "got Float [4]");
  EXPECT_EQ(message(at::ones({2, 2}) / 0), "[features] expected finite features; got another");
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([] {
                 alignments(at::ones({3, 1, 2}));
               }),
               "at least two views; got 1");
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([] { lidar(at::ones({3, 2})); }), "[N, q, D]");
}

}  // namespace
}  // namespace repbench
