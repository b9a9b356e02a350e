#include "pretrain/models/vit.h"
#include "pretrain/models/patches.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "tests/datasets/golden.h"
#include "tests/files/error_message.h"
#include "tests/pretrain/golden_tensors.h"
#include "tests/pretrain/tiny_mae.h"

namespace repbench {
namespace {

const GoldenTensors& golden() {
  static const GoldenTensors tensors(golden_folder() / "timm_vit.safetensors");
  return tensors;
}

/// The ViT whose outputs timm wrote down.
std::unique_ptr<Vit> timm_vit() {
  VitOptions options;
  options.image_size = 16;
  options.patch_size = 4;
  options.width = 24;
  options.depth = 2;
  options.heads = 4;
  auto vit = std::make_unique<Vit>(options,
                                   InputSpec{3, 16, "eval:16", {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}});
  golden().fill(vit->parameters());
  return vit;
}

int64_t stage_count(const Encoder& encoder) { return static_cast<int64_t>(encoder.stages().size()); }

std::map<std::string, at::Tensor> features_of(const Vit& vit, const at::Tensor& images,
                                              std::vector<std::string> taps,
                                              const StageContext& context = {}) {
  const c10::NoGradGuard no_grad;
  return vit.features(images, taps, context);
}

TEST(Vit, GivesTimmsBlockOutputsAndFeatures) {
  const auto found =
      features_of(*timm_vit(), golden().at("image"), {"block:0:tokens", "block:1:tokens", "tokens"});
  EXPECT_LT(relative_error(found.at("block:0:tokens"), golden().at("block.0")), 1e-5);
  EXPECT_LT(relative_error(found.at("block:1:tokens"), golden().at("block.1")), 1e-5);
  EXPECT_LT(relative_error(found.at("tokens"), golden().at("forward_features")), 1e-5);
}

TEST(Vit, GivesTimmsFeaturesWhenTraining) {
  const auto vit = timm_vit();
  const at::Tensor out = vit->forward(golden().at("image"), 0, stage_count(*vit), {.training = true});
  EXPECT_LT(relative_error(out.detach(), golden().at("forward_features")), 1e-5);
}

TEST(Vit, InterpolatesItsPositionsForALargerPicture) {
  const auto found = features_of(*timm_vit(), golden().at("image24"), {"tokens"});
  EXPECT_LT(relative_error(found.at("tokens"), golden().at("forward_features24")), 1e-5);
}

TEST(Vit, HasTimmsParameterNames) {
  EXPECT_EQ(timm_vit()->parameters().size(), 4u + 2 * 12 + 2);
  EXPECT_EQ(tensor_named(timm_vit()->parameters(), "patch_embed.proj.weight").sizes(),
            at::IntArrayRef({24, 3, 4, 4}));
  EXPECT_EQ(tensor_named(timm_vit()->parameters(), "blocks.1.mlp.fc2.weight").sizes(),
            at::IntArrayRef({24, 96}));
}

TEST(Vit, ListsAStageForEachHalfOfABlock) {
  const auto vit = timm_vit();
  std::vector<std::string> names;
  for (const Stage& stage : vit->stages()) names.push_back(stage.name);
  EXPECT_EQ(names, (std::vector<std::string>{"patch", "position", "block.0.attention", "block.0.mlp",
                                             "block.1.attention", "block.1.mlp", "norm"}));
  EXPECT_EQ(vit->stage_index("block.1.mlp"), 5);
}

TEST(Vit, NamesTheNearestStageForAMisspeltOne) {
  const auto vit = timm_vit();
  const std::string message = error_message<std::invalid_argument>([&] { vit->stage_index("block.1.mpl"); });
  EXPECT_PRED2(contains, message, "'block.1.mpl' (did you mean 'block.1.mlp'?)");
}

TEST(Vit, RunsInTwoPartsAsInOneWhereverItIsCut) {
  const c10::NoGradGuard no_grad;
  const auto vit = timm_vit();
  const int64_t end = stage_count(*vit);
  const at::Tensor whole = vit->forward(golden().at("image"), 0, end, {});
  for (int64_t cut = 0; cut <= end; ++cut) {
    const at::Tensor first = vit->forward(golden().at("image"), 0, cut, {});
    EXPECT_TRUE(at::equal(vit->forward(first, cut, end, {}), whole)) << "cut before stage " << cut;
  }
}

TEST(Vit, EmbedsPatchesAsAConvolutionDoesAlsoOnARectangle) {
  const c10::NoGradGuard no_grad;
  const auto vit = timm_vit();
  const at::Tensor images = at::randn({2, 3, 16, 24});
  const NamedTensors parameters = vit->parameters();
  const at::Tensor expected =
      at::conv2d(images, tensor_named(parameters, "patch_embed.proj.weight"),
                 tensor_named(parameters, "patch_embed.proj.bias"), at::IntArrayRef{4, 4});
  EXPECT_LT(relative_error(vit->forward(images, 0, 1, {}), expected.permute({0, 2, 3, 1})), 1e-5);
}

TEST(Vit, TakesARectangle) {
  const c10::NoGradGuard no_grad;
  const auto vit = timm_vit();
  const at::Tensor images = at::randn({2, 3, 16, 24});
  const at::Tensor tokens = vit->forward(images, 0, 2, {});
  const at::Tensor patches = vit->forward(images, 0, 1, {}).flatten(1, 2);
  const at::Tensor positions =
      interpolate_positions(tensor_named(vit->parameters(), "pos_embed"), 4, 6).narrow(1, 1, 24);
  EXPECT_TRUE(at::allclose(tokens.narrow(1, 1, 24), patches + positions));
  EXPECT_EQ(features_of(*vit, images, {"tokens"}).at("tokens").sizes(), at::IntArrayRef({2, 25, 24}));
}

TEST(Vit, TakesPicturesThatAreNotContiguous) {
  const at::Tensor images = golden().at("image");
  const at::Tensor strided = images.permute({0, 2, 3, 1}).contiguous().permute({0, 3, 1, 2});
  const auto found = features_of(*timm_vit(), strided, {"cls"});
  EXPECT_TRUE(at::equal(found.at("cls"), features_of(*timm_vit(), images, {"cls"}).at("cls")));
}

TEST(Vit, RefusesASideThatPatchesDoNotFill) {
  const auto vit = timm_vit();
  const std::string message = error_message<std::invalid_argument>([&] {
    vit->forward(at::zeros({1, 3, 16, 18}), 0, 1, {});
  });
  EXPECT_PRED2(contains, message, "divisible by 4; got 3 x 16 x 18");
}

TEST(Vit, PoolsTheClassTokenAndTheMeanOfThePatches) {
  const auto found = features_of(*timm_vit(), golden().at("image"),
                                 {"cls", "mean", "cls+mean", "block:0:mean", "block:1:cls"});
  const at::Tensor tokens = golden().at("forward_features");
  EXPECT_EQ(found.size(), 5u);
  EXPECT_LT(relative_error(found.at("cls"), tokens.select(1, 0)), 1e-5);
  EXPECT_LT(relative_error(found.at("mean"), tokens.narrow(1, 1, 16).mean(1)), 1e-5);
  EXPECT_TRUE(at::equal(found.at("cls+mean"), at::cat({found.at("cls"), found.at("mean")}, 1)));
  EXPECT_LT(relative_error(found.at("block:0:mean"), golden().at("block.0").narrow(1, 1, 16).mean(1)), 1e-5);
  EXPECT_LT(relative_error(found.at("block:1:cls"), golden().at("block.1").select(1, 0)), 1e-5);
}

TEST(Vit, GivesTheLastBlocksAttention) {
  const at::Tensor attention = features_of(*timm_vit(), golden().at("image"), {"attention"}).at("attention");
  EXPECT_EQ(attention.sizes(), at::IntArrayRef({2, 4, 17, 17}));
  EXPECT_TRUE(at::allclose(attention.sum(-1), at::ones({2, 4, 17}), 1e-5, 1e-5));
}

TEST(Vit, RefusesUnknownTapsByName) {
  const auto vit = timm_vit();
  for (const char* tap : {"clss", "blok:1:cls", "block:2:cls", "block:-1:cls", "block:1", "block::cls",
                          "block:1x:cls", "block:1:cls:mean", "block:1:attention", ""}) {
    const std::string message = error_message<std::invalid_argument>([&] {
      features_of(*vit, golden().at("image"), {"cls", tap});
    });
    EXPECT_PRED2(contains, message, fmt::format("got '{}'", tap));
  }
}

TEST(Vit, GivesBfloat16FeaturesCloseToSinglePrecision) {
  const auto vit = timm_vit();
  const StageContext bf16{.training = false, .compute = at::kBFloat16};
  const at::Tensor images = golden().at("image");
  const at::Tensor rounded = features_of(*vit, images, {"tokens"}, bf16).at("tokens");
  EXPECT_EQ(rounded.scalar_type(), at::kFloat);
  EXPECT_LT(relative_error(rounded, golden().at("forward_features")), 0.03);
  vit->convert_matrices(at::kBFloat16);
  EXPECT_TRUE(at::equal(features_of(*vit, images, {"tokens"}, bf16).at("tokens"), rounded));
}

TEST(Vit, ConvertsOnlyTheWeightsOfMatrixProducts) {
  const auto vit = timm_vit();
  vit->convert_matrices(at::kBFloat16);
  for (const auto& [name, tensor] : vit->parameters()) {
    const bool matrix = name.ends_with(".weight") && !contains(name, "norm");
    EXPECT_EQ(tensor.scalar_type(), matrix ? at::kBFloat16 : at::kFloat) << name;
  }
}

TEST(Vit, ClonesIndependently) {
  const c10::NoGradGuard no_grad;
  const auto vit = timm_vit();
  tensor_named(vit->parameters(), "norm.bias").set_requires_grad(false);
  const std::unique_ptr<Encoder> copy = vit->clone();
  expect_identical(copy->parameters(), vit->parameters());
  EXPECT_FALSE(tensor_named(copy->parameters(), "norm.bias").requires_grad());
  EXPECT_TRUE(tensor_named(copy->parameters(), "norm.weight").requires_grad());
  for (const NamedTensor& named : copy->parameters()) named.tensor.zero_();
  EXPECT_LT(relative_error(features_of(*vit, golden().at("image"), {"tokens"}).at("tokens"),
                           golden().at("forward_features")),
            1e-5);
}

TEST(Vit, LearnsEverythingButItsPositions) {
  for (const auto& [name, tensor] : timm_vit()->parameters()) {
    EXPECT_EQ(tensor.requires_grad(), name != "pos_embed") << name;
  }
}

TEST(Vit, IsMadeAgainFromItsConfig) {
  const auto vit = timm_vit();
  const std::unique_ptr<Encoder> again = make_encoder("vit", vit->config(), vit->input());
  EXPECT_EQ(again->config(), vit->config());
  EXPECT_EQ(again->parameters().size(), vit->parameters().size());
}

TEST(Vit, RefusesAConfigThatLacksAKey) {
  Json config = timm_vit()->config();
  config.erase("heads");
  const std::string message =
      error_message<std::invalid_argument>([&] { make_encoder("vit", config, tiny_input()); });
  EXPECT_PRED2(contains, message, "heads");
}

TEST(Vit, RefusesSizesThatDoNotDivide) {
  VitOptions options = tiny_vit_options();
  options.patch_size = 3;
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { options.resolve(); }), "got 8 and 3");
  options = tiny_vit_options();
  options.heads = 5;
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { options.resolve(); }),
               "width 16 and heads 5");
}

}  // namespace
}  // namespace repbench
