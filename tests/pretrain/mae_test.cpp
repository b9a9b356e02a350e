#include "pretrain/objectives/mae.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/files/error_message.h"
#include "tests/pretrain/golden_tensors.h"
#include "tests/pretrain/tiny_mae.h"

namespace repbench {
namespace {

std::unique_ptr<Mae> make(const MaeOptions& options, int64_t channels = 1) {
  VitOptions vit = tiny_vit_options();
  vit.channels = channels;
  return std::make_unique<Mae>(std::make_unique<Vit>(vit, tiny_input()), options);
}

/// The seeded tiny MAE with these options.
std::unique_ptr<Mae> make_initialised(const MaeOptions& options) {
  Json json = tiny_options_json();
  MaeOptions copy = options;
  Options fields;
  copy.describe(fields);
  json["mae"] = fields.to_json();
  std::unique_ptr<Objective> objective = make_tiny_mae(1, json);
  return std::unique_ptr<Mae>(dynamic_cast<Mae*>(objective.release()));
}

std::set<std::string> names_of(const ParameterGroup& group) {
  std::set<std::string> names;
  for (const NamedTensor& named : group.parameters) names.insert(named.name);
  return names;
}

TEST(Patchify, OrdersAPatchByRowColumnAndChannel) {
  const auto mae = make(tiny_mae_options(), 3);
  const at::Tensor images = at::arange(3 * 64, at::kFloat).view({1, 3, 8, 8});
  const at::Tensor patches = mae->patchify(images);
  ASSERT_EQ(patches.sizes(), at::IntArrayRef({1, 16, 12}));
  const at::Tensor second = at::tensor({2, 66, 130, 3, 67, 131, 10, 74, 138, 11, 75, 139}, at::kFloat);
  EXPECT_TRUE(at::equal(patches[0][1], second));
  EXPECT_EQ(patches[0][4][0].item<float>(), 16.0F);  // the second row of patches
}

TEST(Patchify, IsUndoneByUnpatchify) {
  const auto mae = make(tiny_mae_options(), 3);
  const at::Tensor images = at::randn({2, 3, 8, 8});
  EXPECT_TRUE(at::equal(mae->unpatchify(mae->patchify(images)), images));
}

TEST(MaeLoss, CountsRemovedPatchesOfTheWholeBatchOnce) {
  MaeOptions options = tiny_mae_options();
  options.norm_pix = false;
  const auto mae = make(options);
  const at::Tensor images = at::randn({2, 1, 8, 8});
  const at::Tensor mask = at::zeros({2, 16});
  mask[0].narrow(0, 0, 3).fill_(1);
  mask[1][7] = 1;
  at::Tensor prediction = mae->patchify(images) + 2;
  prediction[1][7] += 4;
  EXPECT_FLOAT_EQ(mae->loss(images, prediction, mask).item<float>(), (3 * 4.0F + 36.0F) / 4);
}

TEST(MaeLoss, StandardisesEachTargetPatchByItsUnbiasedVariance) {
  const auto mae = make(tiny_mae_options());
  const at::Tensor images = at::zeros({1, 1, 8, 8});
  images.index({0, 0, 0, 0}) += 2;  // first patch: 2 0 0 0, mean 0.5, unbiased variance 1
  const at::Tensor mask = at::zeros({1, 16});
  mask[0][0] = 1;
  const double expected = (1.5 * 1.5 + 3 * 0.25) / 4;
  EXPECT_NEAR(mae->loss(images, at::zeros({1, 16, 4}), mask).item<double>(), expected, 1e-5);
}

TEST(MaeLoss, IsFiniteOnAFlatPicture) {
  const auto mae = make(tiny_mae_options());
  const at::Tensor loss = mae->loss(at::ones({1, 1, 8, 8}), at::zeros({1, 16, 4}), at::ones({1, 16}));
  EXPECT_LT(loss.item<double>(), 1e-6);
}

TEST(Mae, WithADecoderOfDepthZeroKnowsOnlyThePlaceOfRemovedPatches) {
  const c10::NoGradGuard no_grad;
  MaeOptions options = tiny_mae_options();
  options.decoder_depth = 0;
  const auto mae = make_initialised(options);
  const Masking masking = random_masking(at::rand({1, 16}).expand({2, 16}), 0.75);
  const at::Tensor latent = mae->encode(at::randn({2, 1, 8, 8}), masking, {});
  const at::Tensor prediction = mae->decode(latent, masking.ids_restore, {});
  const at::Tensor differs = (prediction[0] - prediction[1]).abs().amax(-1) > 0;
  EXPECT_TRUE(at::equal(differs, masking.mask[0] == 0));
}

TEST(Mae, LearnsWithADecoderOfDepthZero) {
  MaeOptions options = tiny_mae_options();
  options.decoder_depth = 0;
  const auto mae = make_initialised(options);
  const Execution execution;
  StepContext context{.execution = &execution,
                      .backward = [](const at::Tensor& loss, bool) { loss.backward(); }};
  EXPECT_GT(mae->step(noise_batch(3, 1, 8), context).at(0).second, 0.0);
  EXPECT_TRUE(tensor_named(mae->own_tensors(), "mask_token").grad().defined());
}

TEST(Mae, RefusesARatioThatRemovesNothing) {
  MaeOptions options = tiny_mae_options();
  options.mask_ratio = 0.0;
  const std::string message = error_message<std::invalid_argument>([&] { make(options); });
  EXPECT_PRED2(contains, message, "'mae.mask_ratio'");
  EXPECT_PRED2(contains, message, "16 patches; got 0");
}

TEST(Mae, NamesTheDecoderKeysThatDoNotDivide) {
  MaeOptions options = tiny_mae_options();
  options.decoder_width = 14;
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { make(options); }), "mae.decoder_width");
  options = tiny_mae_options();
  options.decoder_heads = 5;
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { make(options); }), "mae.decoder_heads");
}

TEST(Mae, DrawsOtherMasksInAnotherEpochAndTheSameInTheSame) {
  const auto mae = make_initialised(tiny_mae_options());
  const Execution execution;
  StepContext context{.execution = &execution, .backward = [](const at::Tensor&, bool) {}};
  Batch batch = noise_batch(3, 1, 8);
  const double first = mae->step(batch, context).at(0).second;
  EXPECT_EQ(mae->step(batch, context).at(0).second, first);
  batch.epoch = 1;
  EXPECT_NE(mae->step(batch, context).at(0).second, first);
}

TEST(Mae, DecaysMatricesAndTokensButNotBiasesAndNorms) {
  const auto mae = make(tiny_mae_options());
  const std::vector<ParameterGroup> groups = mae->parameter_groups(0.05);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].weight_decay(0), 0.05);
  EXPECT_EQ(groups[1].weight_decay(0), 0.0);
  const std::set<std::string> decayed = names_of(groups[0]), plain = names_of(groups[1]);
  for (const char* name :
       {"cls_token", "mask_token", "patch_embed.proj.weight", "blocks.1.attn.qkv.weight",
        "decoder_embed.weight", "decoder_blocks.0.mlp.fc1.weight", "decoder_pred.weight"}) {
    EXPECT_TRUE(decayed.contains(name)) << name;
  }
  for (const char* name : {"patch_embed.proj.bias", "blocks.0.norm1.weight", "blocks.0.attn.proj.bias",
                           "norm.weight", "decoder_norm.bias", "decoder_pred.bias"}) {
    EXPECT_TRUE(plain.contains(name)) << name;
  }
}

TEST(Mae, TrainsEverythingButTheFixedPositions) {
  const auto mae = make(tiny_mae_options());
  size_t trained = 0;
  for (const ParameterGroup& group : mae->parameter_groups(0.05)) {
    trained += group.parameters.size();
    EXPECT_FALSE(names_of(group).contains("pos_embed"));
    EXPECT_FALSE(names_of(group).contains("decoder_pos_embed"));
  }
  EXPECT_EQ(trained + 2, mae->encoder().parameters().size() + mae->own_tensors().size());
}

TEST(Mae, CountsOnlyVisibleTokensInItsEncoder) {
  const auto mae = make(tiny_mae_options());
  const int64_t visible = 5, tokens = 17, d = 16, w = 12;
  const int64_t encoder = 16 * d * 4 + 2 * (12 * visible * d * d + 2 * visible * visible * d);
  const int64_t decoder = visible * d * w + 12 * tokens * w * w + 2 * tokens * tokens * w + 16 * w * 4;
  EXPECT_EQ(mae->forward_macs(), encoder + decoder);
}

}  // namespace
}  // namespace repbench
