#include "pretrain/objectives/masking.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "datasets/random.h"

namespace repbench {
namespace {

TEST(Masking, KeepsAsManyPatchesAsPythonComputes) {
  EXPECT_EQ(patches_kept(100, 0.9), 9);  // 1 - 0.9 is a little less than 0.1
  EXPECT_EQ(patches_kept(196, 0.9), 19);
  EXPECT_EQ(patches_kept(196, 0.75), 49);
  EXPECT_EQ(patches_kept(256, 0.75), 64);
  EXPECT_EQ(patches_kept(49, 0.5), 24);
  EXPECT_EQ(patches_kept(16, 0.0), 16);
}

TEST(Masking, MarksRemovedPatchesWithOneAndKeptWithZero) {
  const Masking masking = random_masking(at::tensor({0.4F, 0.1F, 0.9F, 0.2F}).view({1, 4}), 0.5);
  EXPECT_TRUE(at::equal(masking.ids_keep, at::tensor({1, 3}, at::kLong).view({1, 2})));
  EXPECT_TRUE(at::equal(masking.mask, at::tensor({1.0F, 0.0F, 1.0F, 0.0F}).view({1, 4})));
  EXPECT_TRUE(at::equal(masking.ids_restore, at::tensor({2, 0, 3, 1}, at::kLong).view({1, 4})));
}

TEST(Masking, KeepsTheLowerIndexAmongEqualNoise) {
  const Masking masking = random_masking(at::full({3, 100}, 0.5), 0.75);
  EXPECT_TRUE(at::equal(masking.ids_keep, at::arange(25).expand({3, 25})));
}

TEST(Masking, RestoringPutsEveryPatchBackInItsPlace) {
  const at::Tensor noise = at::rand({5, 37});
  const Masking masking = random_masking(noise, 0.6);
  const int64_t kept = masking.ids_keep.size(1);
  const at::Tensor sorted = std::get<0>(noise.sort(1));
  EXPECT_TRUE(at::equal(sorted.gather(1, masking.ids_restore), noise));
  EXPECT_TRUE(at::equal(masking.ids_restore.gather(1, masking.ids_keep), at::arange(kept).expand({5, kept})));
  EXPECT_EQ(masking.mask.gather(1, masking.ids_keep).sum().item<float>(), 0.0F);
  EXPECT_EQ(masking.mask.sum().item<float>(), 5.0F * static_cast<float>(37 - kept));
}

TEST(MaskNoise, DependsOnTheExampleAndNotOnItsBatch) {
  const uint64_t a = hash64("a"), b = hash64("b"), c = hash64("c");
  const at::Tensor together = mask_noise({a, b, c}, 49, 5, 2);
  EXPECT_TRUE(at::equal(mask_noise({b}, 49, 5, 2)[0], together[1]));
  EXPECT_TRUE(at::equal(mask_noise({c, a}, 49, 5, 2), at::stack({together[2], together[0]})));
}

TEST(MaskNoise, ChangesWithExampleEpochAndSeed) {
  const uint64_t a = hash64("a"), b = hash64("b");
  const at::Tensor noise = mask_noise({a}, 49, 5, 2);
  EXPECT_FALSE(at::equal(mask_noise({b}, 49, 5, 2), noise));
  EXPECT_FALSE(at::equal(mask_noise({a}, 49, 5, 3), noise));
  EXPECT_FALSE(at::equal(mask_noise({a}, 49, 6, 2), noise));
}

TEST(MaskNoise, IsUniformInTheUnitInterval) {
  std::vector<uint64_t> keys;
  for (uint64_t i = 0; i < 500; ++i) keys.push_back(hash64(std::to_string(i)));
  const at::Tensor noise = mask_noise(keys, 64, 0, 0);
  EXPECT_GE(noise.min().item<float>(), 0.0F);
  EXPECT_LT(noise.max().item<float>(), 1.0F);
  EXPECT_NEAR(noise.mean().item<double>(), 0.5, 0.01);
  const at::Tensor removed = random_masking(noise, 0.75).mask.mean(0);  // by place
  EXPECT_LT((removed - 0.75).abs().max().item<double>(), 0.09);
}

}  // namespace
}  // namespace repbench
