#include "pretrain/models/transformer.h"
#include "pretrain/models/patches.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <numeric>

#include "pretrain/execution.h"
#include "tests/datasets/golden.h"
#include "tests/files/error_message.h"
#include "tests/pretrain/golden_tensors.h"

namespace repbench {
namespace {

/// A block of width 16 with random weights.
Block random_block(int64_t heads) {
  Block block({.width = 16, .heads = heads});
  NamedTensors all;
  block.list_attention("b", all);
  block.list_mlp("b", all);
  for (const NamedTensor& named : all) named.tensor.normal_(0.0, 0.3);
  return block;
}

TEST(Positions, AreThoseOfMaeForWidth768AndGrid14) {
  const at::Tensor positions = sincos_positions(768, 14);
  ASSERT_EQ(positions.sizes(), at::IntArrayRef({1, 197, 768}));
  const auto value = [&](int64_t token, int64_t channel) {
    return positions.index({0, token, channel}).item<float>();
  };
  EXPECT_EQ(value(2, 0), 0.8414709848F);
  EXPECT_EQ(value(2, 192), 0.5403023059F);
  EXPECT_EQ(value(2, 384), 0.0F);
  EXPECT_EQ(value(15, 384), 0.8414709848F);
  EXPECT_EQ(value(196, 383), 0.9999990699F);
  EXPECT_EQ(value(196, 0), 0.4201670368F);
}

TEST(Positions, AreZeroForTheClassToken) {
  EXPECT_EQ(sincos_positions(32, 3).select(1, 0).abs().max().item<float>(), 0.0F);
}

TEST(Positions, NeedAWidthDivisibleByFour) {
  const std::string message = error_message<std::invalid_argument>([] { sincos_positions(18, 3); });
  EXPECT_PRED2(contains, message, "18");
}

TEST(Positions, AreInterpolatedAsMaeFineTuningDoes) {
  const GoldenTensors golden(golden_folder() / "timm_vit.safetensors");
  const at::Tensor resampled = interpolate_positions(golden.at("param.pos_embed"), 6, 6);
  EXPECT_LT(relative_error(resampled, golden.at("pos_embed24")), 1e-6);
}

TEST(Positions, AreInterpolatedAsEachOriginDoes) {
  const GoldenTensors golden(golden_folder() / "positions.safetensors");
  for (const std::string how : {"bicubic", "antialias", "dinov2"}) {
    for (const auto& [rows, columns] :
         std::vector<std::pair<int64_t, int64_t>>{{3, 3}, {7, 7}, {4, 9}, {16, 2}}) {
      const at::Tensor resampled =
          interpolate_positions(golden.at("positions"), rows, columns, 1, position_resize_named(how));
      const std::string key = fmt::format("{}.{}x{}", how, rows, columns);
      EXPECT_LT(relative_error(resampled, golden.at(key)), 1e-6) << key;
    }
  }
}

TEST(Positions, StayUntouchedOnTheirOwnGrid) {
  const at::Tensor positions = sincos_positions(8, 3);
  EXPECT_TRUE(interpolate_positions(positions, 3, 3).is_same(positions));
}

TEST(Positions, AreInterpolatedWhenOnlyTheShapeOfTheGridDiffers) {
  const at::Tensor positions = sincos_positions(8, 4);
  const at::Tensor wide = interpolate_positions(positions, 2, 8);
  EXPECT_EQ(wide.sizes(), positions.sizes());
  EXPECT_FALSE(at::equal(wide, positions));
}

TEST(Attention, WithPlainProductsEqualsTheFusedKernel) {
  const c10::NoGradGuard no_grad;
  const Block block = random_block(4);
  const at::Tensor x = at::randn({3, 17, 16});
  const at::Tensor plain = block.attn(x, {.training = true});
  const at::Tensor fused = block.attn(x, {.training = false});
  ASSERT_EQ(attention_kernel(true, at::kFloat, 17), AttentionKernel::math);
  EXPECT_LT(relative_error(plain, fused), 1e-5);
}

TEST(Attention, RefusesHeadsThatDoNotDivideTheWidth) {
  const std::string message = error_message<std::invalid_argument>([] { Attention(16, 3); });
  EXPECT_PRED2(contains, message, "16 and 3");
}

TEST(Attention, WeightsOfEveryTokenSumToOne) {
  const c10::NoGradGuard no_grad;
  const at::Tensor weights = random_block(2).attn.weights(at::randn({2, 5, 16}), at::kBFloat16);
  EXPECT_EQ(weights.sizes(), at::IntArrayRef({2, 2, 5, 5}));
  EXPECT_EQ(weights.scalar_type(), at::kFloat);
  EXPECT_TRUE(at::allclose(weights.sum(-1), at::ones({2, 2, 5}), 1e-6, 1e-6));
}

TEST(Block, KeepsTheResidualStreamInSinglePrecisionUnderBfloat16) {
  const c10::NoGradGuard no_grad;
  const Block block = random_block(2);
  const StageContext context{.training = false, .compute = at::kBFloat16};
  const at::Tensor x = at::randn({2, 5, 16});
  const at::Tensor out = block.transform(block.attend(x, context), context);
  EXPECT_EQ(out.scalar_type(), at::kFloat);
  const at::Tensor exact = block.transform(block.attend(x, {}), {});
  EXPECT_LT(relative_error(out, exact), 0.05);
  EXPECT_GT(relative_error(out, exact), 0.0);
}

/// Blocks of random parameters whose branches change what they pass on.
Blocks random_blocks(int64_t depth) {
  Blocks blocks(depth, {.width = 16, .heads = 2});
  for (Block& block : blocks.list) block = random_block(2);
  return blocks;
}

TEST(DropPath, LeavesBranchesOutAtARateThatGrowsWithDepthAndScalesTheOthers) {
  const c10::NoGradGuard no_grad;
  const Blocks blocks = random_blocks(3);
  std::vector<uint64_t> keys(4000);
  std::iota(keys.begin(), keys.end(), uint64_t{1});
  const DropPath drop{.rate = 0.4, .seed = 5, .step = 2, .keys = keys};
  const StageContext context{.training = true, .drop_path = &drop}, plain{.training = true};
  const at::Tensor x = at::randn({1, 2, 16}).expand({4000, 2, 16});
  for (int64_t half = 0; half < 6; ++half) {
    const double rate = 0.2 * static_cast<double>(half / 2);
    const at::Tensor branch = (blocks.run(half, x, plain) - x)[0], changed = blocks.run(half, x, context) - x;
    const at::Tensor dropped = changed.abs().amax({1, 2}).eq(0);
    EXPECT_NEAR(dropped.to(at::kDouble).mean().item<double>(), rate, 0.03) << half;
    const at::Tensor kept = changed.index({dropped.logical_not()});
    EXPECT_TRUE(at::allclose(kept, (branch / (1 - rate)).expand_as(kept), 1e-3, 1e-4)) << half;
  }
}

TEST(DropPath, DrawsForAnExampleWhateverBatchItIsIn) {
  const c10::NoGradGuard no_grad;
  const Blocks blocks = random_blocks(4);
  const std::vector<uint64_t> all = {11, 12, 13, 14, 15, 16}, some = {15, 12};
  const DropPath drop_all{.rate = 0.5, .seed = 1, .step = 7, .keys = all};
  const DropPath drop_some{.rate = 0.5, .seed = 1, .step = 7, .keys = some};
  const at::Tensor x = at::randn({6, 2, 16});
  const at::Tensor picked = x.index_select(0, at::tensor({4, 1}, at::kLong));
  for (int64_t half = 0; half < 8; ++half) {
    const at::Tensor whole = blocks.run(half, x, {.training = true, .drop_path = &drop_all});
    const at::Tensor part = blocks.run(half, picked, {.training = true, .drop_path = &drop_some});
    EXPECT_TRUE(at::allclose(part[0], whole[4], 1e-5, 1e-5) && at::allclose(part[1], whole[1], 1e-5, 1e-5));
  }
}

TEST(DropPath, ChangesNothingOutsideOfTraining) {
  const c10::NoGradGuard no_grad;
  const Blocks blocks = random_blocks(2);
  const std::vector<uint64_t> keys = {1, 2};
  const DropPath drop{.rate = 0.9, .seed = 1, .step = 0, .keys = keys};
  const at::Tensor x = at::randn({2, 3, 16});
  EXPECT_TRUE(blocks.run(3, x, {.training = false, .drop_path = &drop}).equal(blocks.run(3, x, {})));
}

TEST(Block, CountsTwentyFourNDSquaredPlusFourNSquaredDOperations) {
  const Block block({.width = 32, .heads = 2});
  const int64_t n = 7, d = 32;
  EXPECT_EQ(2 * (block.attention_macs(n) + block.mlp_macs(n)), 24 * n * d * d + 4 * n * n * d);
}

}  // namespace
}  // namespace repbench
