#include "pretrain/mixing.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/datasets/golden.h"
#include "tests/files/error_message.h"
#include "tests/pretrain/golden_tensors.h"

namespace repbench {
namespace {

RandomStream stream_of(uint64_t item) { return RandomStream(1, Purpose::view, 0, item); }

struct Case {
  const char* name;
  int64_t row, column;
};

Mix mix_of(const GoldenTensors& golden, const Case& c) {
  const double drawn = golden.at(std::string(c.name) + ".drawn").item<double>();
  return c.row < 0 ? Mix{.share = drawn} : cut_around(drawn, c.row, c.column, 6, 5);
}

TEST(Mixing, EqualsTimmsForGivenDraws) {
  const GoldenTensors golden(golden_folder() / "mixing.safetensors");
  for (const Case& c : {Case{"mixup", -1, -1}, Case{"cut", 3, 2}, Case{"corner", 0, 4}, Case{"odd", 5, 0}}) {
    const std::string name = c.name;
    const Mix mix = mix_of(golden, c);
    EXPECT_NEAR(mix.share, golden.at(name + ".share").item<double>(), 1e-12) << name;
    const at::Tensor box = at::tensor({mix.top, mix.bottom, mix.left, mix.right});
    EXPECT_TRUE(at::equal(box, golden.at(name + ".box"))) << name;
    const at::Tensor images = mix_images(golden.at("images"), mix);
    EXPECT_LT(relative_error(images, golden.at(name + ".images")), 1e-6) << name;
    const at::Tensor targets = mix_labels(golden.at("labels"), 5, 0.1, mix);
    EXPECT_LT(relative_error(targets, golden.at(name + ".targets")), 1e-6) << name;
    EXPECT_TRUE(at::allclose(targets.sum(1), at::ones({4})));
  }
}

TEST(Mixing, LeavesTheBatchAloneWhereNothingIsMixed) {
  const at::Tensor images = at::rand({3, 1, 4, 4}), labels = at::tensor({0, 2, 1}, at::kLong);
  EXPECT_TRUE(mix_images(images, {}).is_same(images));
  EXPECT_TRUE(at::equal(mix_labels(labels, 3, 0.0, {}), at::one_hot(labels, 3).to(at::kFloat)));
  RandomStream stream = stream_of(0), untouched = stream;
  EXPECT_EQ(draw_mix({}, 4, 4, stream).share, 1.0);
  EXPECT_EQ(stream.bits(), untouched.bits());
}

TEST(Mixing, DoesNotChangeItsInput) {
  const at::Tensor images = at::rand({2, 1, 4, 4}), before = images.clone();
  mix_images(images, cut_around(0.5, 1, 1, 4, 4));
  mix_images(images, {.share = 0.3});
  EXPECT_TRUE(at::equal(images, before));
}

TEST(Mixing, SwitchesAndSkipsAsOftenAsAsked) {
  int mixed = 0, cut = 0;
  constexpr int kBatches = 10'000;
  for (uint64_t item = 0; item < kBatches; ++item) {
    RandomStream stream = stream_of(item);
    const Mix mix =
        draw_mix({.mixup = 0.8, .cutmix = 1.0, .probability = 0.6, .switching = 0.25}, 32, 32, stream);
    mixed += mix.cut || mix.share < 1.0;
    cut += mix.cut;
    ASSERT_TRUE(mix.share >= 0.0 && mix.share <= 1.0);
    ASSERT_TRUE(mix.top <= mix.bottom && mix.bottom <= 32 && mix.left <= mix.right && mix.right <= 32);
  }
  EXPECT_NEAR(mixed, 6000, 200);  // four standard deviations
  EXPECT_NEAR(cut, 1500, 145);
  RandomStream stream = stream_of(0);
  EXPECT_FALSE(draw_mix({.mixup = 0.8}, 32, 32, stream).cut);
  EXPECT_TRUE(draw_mix({.cutmix = 1.0}, 32, 32, stream).cut);
}

TEST(Beta, HasItsMoments) {
  constexpr int kDraws = 40'000;
  for (const double alpha : {0.1, 0.2, 0.8, 1.0, 2.5, 30.0}) {
    RandomStream stream = stream_of(static_cast<uint64_t>(alpha * 10));
    double sum = 0, squares = 0, fourths = 0;
    for (int i = 0; i < kDraws; ++i) {
      const double x = draw_beta(alpha, stream) - 0.5;
      ASSERT_TRUE(std::abs(x) <= 0.5);
      sum += x;
      squares += x * x;
      fourths += x * x * x * x;
    }
    // Variance 1 / (4 (2a + 1)); fourth central moment 3 / (16 (2a + 1) (2a + 3)). Four standard errors.
    const double variance = 1 / (4 * (2 * alpha + 1)), fourth = 3 / (16 * (2 * alpha + 1) * (2 * alpha + 3));
    EXPECT_NEAR(sum / kDraws, 0.0, 4 * std::sqrt(variance / kDraws)) << alpha;
    EXPECT_NEAR(squares / kDraws, variance, 4 * std::sqrt((fourth - variance * variance) / kDraws)) << alpha;
    EXPECT_NEAR(fourths / kDraws, fourth, 0.05 * fourth) << alpha;
  }
}

TEST(Beta, StandsAnAlphaThatOnlyGivesExtremes) {
  RandomStream stream = stream_of(0);
  for (int i = 0; i < 1000; ++i) {
    const double x = draw_beta(1e-4, stream);
    ASSERT_TRUE(x >= 0.0 && x <= 1.0) << x;
  }
}

TEST(SoftCrossEntropy, IsTheUsualOneForHardAndSmoothedTargets) {
  const at::Tensor logits = at::randn({6, 4}), labels = at::tensor({0, 1, 2, 3, 3, 0}, at::kLong);
  for (const double smoothing : {0.0, 0.1}) {
    const at::Tensor usual = at::cross_entropy_loss(logits, labels, {}, at::Reduction::Mean, -100, smoothing);
    const at::Tensor soft = soft_cross_entropy(logits, mix_labels(labels, 4, smoothing, {}));
    EXPECT_NEAR(soft.item<double>(), usual.item<double>(), 1e-5);
  }
}

TEST(Mixing, NamesAnOptionOutOfRange) {
  const auto refused = [](const MixOptions& options) {
    return error_message<std::invalid_argument>([&] { check(options); });
  };
  EXPECT_EQ(refused({.mixup = -1}), "[mixing] expected an alpha of mixup between 0 and 1000; got -1");
  EXPECT_PRED2(contains, refused({.cutmix = 2000}), "an alpha of cutmix between 0 and 1000; got 2000");
  EXPECT_PRED2(contains, refused({.probability = 1.5}), "a probability between 0 and 1; got 1.5");
  EXPECT_PRED2(contains, refused({.switching = NAN}), "a probability of switching between 0 and 1; got nan");
  EXPECT_PRED2(contains, refused({.label_smoothing = 2}), "a label smoothing between 0 and 1; got 2");
}

}  // namespace
}  // namespace repbench
