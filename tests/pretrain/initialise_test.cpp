#include "pretrain/models/initialise.h"
#include "pretrain/models/patches.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/pretrain/golden_tensors.h"
#include "tests/pretrain/tiny_mae.h"

namespace repbench {
namespace {

/// Wide enough for statistics.
std::unique_ptr<Objective> wide_mae(uint64_t seed = 1, int64_t decoder_depth = 1) {
  Json options = tiny_options_json();
  options["model"]["width"] = 512;
  options["mae"]["decoder_width"] = 480;
  options["mae"]["decoder_depth"] = decoder_depth;
  return make_tiny_mae(seed, options);
}

NamedTensors all_of(Objective& objective) {
  NamedTensors all = objective.encoder().parameters();
  const NamedTensors own = objective.own_tensors();
  all.insert(all.end(), own.begin(), own.end());
  return all;
}

/// Uniform in [-bound, bound]: nearly reaches its bounds, standard deviation bound / sqrt(3).
void expect_uniform(const at::Tensor& tensor, double bound) {
  const at::Tensor values = tensor.detach();
  EXPECT_LE(values.abs().max().item<double>(), bound);
  EXPECT_GE(values.abs().max().item<double>(), 0.95 * bound);
  EXPECT_NEAR(values.std().item<double>() / (bound / std::sqrt(3.0)), 1.0, 0.06);
}

TEST(Initialisation, MakesMatricesXavierUniformWithTheFusedQkvAsOne) {
  const NamedTensors all = all_of(*wide_mae());
  expect_uniform(tensor_named(all, "blocks.0.attn.qkv.weight"), std::sqrt(6.0 / (4 * 512)));
  expect_uniform(tensor_named(all, "blocks.1.attn.proj.weight"), std::sqrt(6.0 / (2 * 512)));
  expect_uniform(tensor_named(all, "blocks.1.mlp.fc1.weight"), std::sqrt(6.0 / (5 * 512)));
  expect_uniform(tensor_named(all, "decoder_embed.weight"), std::sqrt(6.0 / (512 + 480)));
  expect_uniform(tensor_named(all, "decoder_pred.weight"), std::sqrt(6.0 / (480 + 4)));
}

TEST(Initialisation, SeesThePatchProjectionAsAMatrix) {
  const NamedTensors all = all_of(*wide_mae());
  expect_uniform(tensor_named(all, "patch_embed.proj.weight"), std::sqrt(6.0 / (512 + 4)));
  expect_uniform(tensor_named(all, "patch_embed.proj.bias"), 1.0 / std::sqrt(4.0));
}

TEST(Initialisation, DrawsTokensNormalWithDeviationTwoHundredths) {
  const NamedTensors all = all_of(*wide_mae());
  for (const char* name : {"cls_token", "mask_token"}) {
    const at::Tensor token = tensor_named(all, name).detach();
    EXPECT_NEAR(token.std().item<double>(), 0.02, 0.003) << name;
    EXPECT_NEAR(token.mean().item<double>(), 0.0, 0.004) << name;
    EXPECT_GT(token.abs().max().item<double>(), 0.04) << name;  // not a uniform of that deviation
  }
}

TEST(Initialisation, LeavesBiasesZeroNormsOneAndPositionsFixed) {
  for (const auto& [name, tensor] : all_of(*wide_mae())) {
    if (name.ends_with(".bias") && name != "patch_embed.proj.bias") {
      EXPECT_EQ(tensor.count_nonzero().item<int64_t>(), 0) << name;
    }
    if (name.ends_with(".weight") && tensor.dim() == 1) {
      EXPECT_TRUE(at::equal(tensor, at::ones_like(tensor))) << name;
    }
    if (name.ends_with("pos_embed")) {
      EXPECT_TRUE(at::equal(tensor, sincos_positions(tensor.size(2), 4))) << name;
    }
  }
}

TEST(Initialisation, DoesNotMoveTheEncoderWhenTheDecoderGrows) {
  const auto shallow = wide_mae(1, 1), deep = wide_mae(1, 3);
  expect_identical(shallow->encoder().parameters(), deep->encoder().parameters());
  for (const char* name : {"mask_token", "decoder_pred.weight", "decoder_blocks.0.attn.qkv.weight"}) {
    EXPECT_TRUE(
        at::equal(tensor_named(shallow->own_tensors(), name), tensor_named(deep->own_tensors(), name)));
  }
}

TEST(Initialisation, DependsOnTheSeedAlone) {
  expect_identical(all_of(*wide_mae(5)), all_of(*wide_mae(5)));
  const at::Tensor one = tensor_named(all_of(*wide_mae(5)), "blocks.0.mlp.fc1.weight");
  EXPECT_FALSE(at::equal(tensor_named(all_of(*wide_mae(6)), "blocks.0.mlp.fc1.weight"), one));
}

TEST(Initialisation, GivesTensorsOfOneShapeDifferentValues) {
  const NamedTensors all = all_of(*wide_mae());
  EXPECT_FALSE(
      at::equal(tensor_named(all, "blocks.0.mlp.fc1.weight"), tensor_named(all, "blocks.1.mlp.fc1.weight")));
}

}  // namespace
}  // namespace repbench
