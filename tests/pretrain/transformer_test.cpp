#include "pretrain/models/transformer.h"
#include "pretrain/models/patches.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

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

TEST(Block, CountsTwentyFourNDSquaredPlusFourNSquaredDOperations) {
  const Block block({.width = 32, .heads = 2});
  const int64_t n = 7, d = 32;
  EXPECT_EQ(2 * (block.attention_macs(n) + block.mlp_macs(n)), 24 * n * d * d + 4 * n * n * d);
}

}  // namespace
}  // namespace repbench
