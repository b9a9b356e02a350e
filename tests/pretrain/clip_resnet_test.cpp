#include "pretrain/models/clip_resnet.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/datasets/golden.h"
#include "tests/files/error_message.h"
#include "tests/pretrain/golden_tensors.h"
#include "tests/pretrain/tiny_clip.h"
#include "tests/pretrain/tiny_clip_resnet.h"

// What open_clip computes with the same weights, pictures and tokens; published sizes.

namespace repbench {
namespace {

constexpr double kTolerance = 1e-5;  // relative

class ClipResnetGolden : public testing::Test {
 protected:
  ClipResnetGolden() {
    golden_.fill(model_.parameters());
    const at::Tensor grey = golden_.at("picture").to(at::kFloat) / 127.5 - 1.0;
    images_ = at::cat({grey, grey.flip(3), grey.flip(2)}, 1);
  }

  at::Tensor tap(const at::Tensor& images, const std::string& name, const StageContext& context = {}) const {
    return model_.features(images, {&name, 1}, context).at(name);
  }

  const c10::NoGradGuard no_grad_;
  GoldenTensors golden_{golden_folder() / "clip_resnet.safetensors"};
  ClipResnet model_{tiny_clip_resnet_options(), InputSpec{}, std::make_shared<BareTokenizer>(40)};
  at::Tensor images_;
};

TEST_F(ClipResnetGolden, ReproducesEveryStageAndBothSides) {
  for (const bool training : {false, true}) {  // with and without the norms folded into the convolutions
    const StageContext context{.training = training};
    at::Tensor x = images_;
    for (size_t stage = 0; stage < model_.stages().size(); ++stage) {
      const std::string& name = model_.stages()[stage].name;
      x = model_.forward(x, static_cast<int64_t>(stage), static_cast<int64_t>(stage) + 1, context);
      EXPECT_LT(relative_error(x, golden_.at("stage." + name)), kTolerance) << name;
    }
    const at::Tensor text = model_.text()->features(golden_.at("text"), context);
    EXPECT_LT(relative_error(text, golden_.at("text_features")), kTolerance);
  }
}

TEST_F(ClipResnetGolden, ResamplesThePoolsPositionsForOtherSizes) {
  const at::Tensor wide = at::cat({images_, images_.flip(3).narrow(3, 0, 32)}, 3);
  EXPECT_LT(relative_error(tap(wide, "projected"), golden_.at("wide_features")), kTolerance);
}

TEST_F(ClipResnetGolden, TakesItsTapsBehindTheirStages) {
  const std::vector<std::string> taps = {"mean", "tokens", "pooled", "projected", "layer:2:mean"};
  const auto found = model_.features(images_, taps, {});
  const at::Tensor map = golden_.at("stage.layer4.0");
  EXPECT_LT(relative_error(found.at("mean"), map.mean({2, 3})), kTolerance);
  EXPECT_LT(relative_error(found.at("tokens"), map.flatten(2).transpose(1, 2)), kTolerance);
  EXPECT_LT(relative_error(found.at("pooled"), golden_.at("stage.attnpool")), kTolerance);
  EXPECT_LT(relative_error(found.at("projected"), golden_.at("stage.projection")), kTolerance);
  EXPECT_LT(relative_error(found.at("layer:2:mean"), golden_.at("stage.layer2.1").mean({2, 3})), kTolerance);
}

TEST_F(ClipResnetGolden, StaysNearInBfloat16) {
  model_.convert_matrices(at::kBFloat16);
  const at::Tensor got = tap(images_, "projected", {.compute = at::kBFloat16});
  EXPECT_EQ(got.scalar_type(), at::kFloat);
  EXPECT_LT(relative_error(got, golden_.at("stage.projection")), 0.05);
}

TEST_F(ClipResnetGolden, RefusesPicturesThatVanish) {
  const std::string message =
      error_message<std::invalid_argument>([&] { tap(images_.narrow(3, 0, 24), "mean"); });
  EXPECT_PRED2(contains, message, "sides of at least 32; got 3 x 64 x 24");
}

TEST(ClipResnet, StartsAsOpenClipDoes) {
  ClipResnet model(tiny_clip_resnet_options(), InputSpec{}, std::make_shared<BareTokenizer>(40));
  model.initialise(3);
  const NamedTensors all = model.parameters();
  const auto value = [&](const std::string& name) { return tensor_named(all, name).detach(); };
  const auto deviation = [&](const std::string& name) { return value(name).std().item<double>(); };
  EXPECT_EQ(value("visual.layer2.1.bn3.weight").abs().max().item<float>(), 0.0F)
      << "a block starts as its shortcut";
  EXPECT_EQ(value("visual.bn3.weight").min().item<float>(), 1.0F);
  EXPECT_EQ(value("visual.layer1.0.downsample.1.weight").min().item<float>(), 1.0F);
  EXPECT_EQ(value("visual.bn1.running_var").min().item<float>(), 1.0F);
  EXPECT_EQ(value("visual.bn1.running_mean").abs().max().item<float>(), 0.0F);
  EXPECT_NEAR(deviation("visual.attnpool.q_proj.weight"), 1.0 / 8, 0.01);
  EXPECT_NEAR(deviation("visual.attnpool.positional_embedding"), 1.0 / 8, 0.02);
  EXPECT_NEAR(deviation("visual.layer4.0.conv2.weight"), 1.0 / std::sqrt(3 * 16 * 9), 0.005);
  EXPECT_LE(value("visual.layer4.0.conv2.weight").abs().max().item<float>(), 1.0 / 12);
  EXPECT_GT(value("visual.attnpool.c_proj.bias").abs().max().item<float>(), 0.0F);
}

TEST(ClipResnet, HasThePublishedSizeAndCost) {
  ClipResnetOptions options;
  options.name = "RN50";
  options.resolve();
  // Of the text side one block and one id are built; the others add what is known.
  options.text.depth = 1;
  const ClipResnet model(options, InputSpec{}, std::make_shared<BareTokenizer>(1));
  const int64_t block = 12 * 512 * 512 + 13 * 512;
  EXPECT_EQ(count_elements(model.parameters()) + 11 * block + 49407 * 512, 102'007'137);
  // open_clip's profile at two a multiply-accumulate: 18.18 GFLOPs, 5.96 of them the text's. It pools with a
  // query at all of the 50 tokens and we at the mean alone.
  const int64_t queries = 49 * (2048 * 2048 + 2 * 50 * 2048 + 2048 * 1024);
  const int64_t macs = model.macs(0, static_cast<int64_t>(model.stages().size()), -1);
  EXPECT_NEAR(2e-9 * static_cast<double>(macs + queries), 18.18 - 5.96, 0.01);
}

TEST(ClipResnet, RefusesSizesThatDoNotDivide) {
  const auto message = [](ClipResnetOptions options) {
    return error_message<std::invalid_argument>([&] { options.resolve(); });
  };
  ClipResnetOptions options = tiny_clip_resnet_options();
  options.image_size = 60;
  EXPECT_PRED2(contains, message(options), "image_size divisible by 32");
  options = tiny_clip_resnet_options();
  options.layers = {1, 2, 1};
  EXPECT_PRED2(contains, message(options), "four numbers; got 1, 2, 1");
}

}  // namespace
}  // namespace repbench
