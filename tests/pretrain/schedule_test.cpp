#include "pretrain/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

namespace repbench {
namespace {

constexpr CosineSchedule kSchedule{.peak = 0.8, .minimum = 0.2, .warmup_epochs = 4, .epochs = 12};

TEST(Schedule, StartsAtExactlyZero) { EXPECT_EQ(kSchedule.rate(0), 0.0); }

TEST(Schedule, WarmsUpInAStraightLine) {
  EXPECT_DOUBLE_EQ(kSchedule.rate(1), 0.2);
  EXPECT_DOUBLE_EQ(kSchedule.rate(2.5), 0.5);
}

TEST(Schedule, FallsAlongHalfACosine) {
  EXPECT_DOUBLE_EQ(kSchedule.rate(4), 0.8);
  EXPECT_DOUBLE_EQ(kSchedule.rate(6), 0.2 + 0.6 * 0.5 * (1 + std::sqrt(0.5)));
  EXPECT_DOUBLE_EQ(kSchedule.rate(8), 0.5);
  EXPECT_DOUBLE_EQ(kSchedule.rate(12), 0.2);
}

TEST(Schedule, StartsAtThePeakWithoutWarmUp) {
  EXPECT_EQ((CosineSchedule{.peak = 0.8, .epochs = 3}.rate(0)), 0.8);
}

TEST(Schedule, MayWarmUpToTheEnd) {
  const CosineSchedule schedule{.peak = 1, .warmup_epochs = 2, .epochs = 2};
  EXPECT_DOUBLE_EQ(schedule.rate(1.5), 0.75);
}

TEST(Schedule, ScalesTheRateByTheEffectiveBatch) {
  EXPECT_DOUBLE_EQ(scaled_rate(1.5e-4, 4096), 2.4e-3);
  EXPECT_DOUBLE_EQ(scaled_rate(1e-3, 64), 2.5e-4);
}

}  // namespace
}  // namespace repbench
