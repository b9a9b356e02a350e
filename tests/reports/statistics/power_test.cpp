#include "reports/statistics/power.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "dice.h"
#include "reports/statistics/paired.h"

namespace repbench {
namespace {

double rounded(double share) { return std::round(share * 1e4) / 1e2; }  // points, two digits

TEST(DetectableDifference, IsThatOfThePairedTableInTheFacts) {
  struct Row {
    int64_t n;
    double discordance, error, detectable;  // points
  };
  const Row rows[] = {{50'000, 0.05, 0.10, 0.28},
                      {50'000, 0.08, 0.13, 0.35},
                      {10'000, 0.05, 0.22, 0.63},
                      {3'925, 0.05, 0.36, 1.00},
                      {3'925, 0.02, 0.23, 0.63}};
  for (const Row& row : rows) {
    const double error = discordance_error(row.discordance, row.n);
    EXPECT_DOUBLE_EQ(rounded(error), row.error) << row.n << " " << row.discordance;
    EXPECT_DOUBLE_EQ(rounded(detectable_difference(error, 0.05, 2)), row.detectable)
        << row.n << " " << row.discordance;
  }
}

TEST(DetectableDifference, IsSmallerForOneSideAndGrowsWithPower) {
  EXPECT_NEAR(detectable_difference(1, 0.05, 2), 1.959963984540054 + 0.8416212335729143, 1e-12);
  EXPECT_NEAR(detectable_difference(1, 0.01, 1), 2.3263478740408408 + 0.8416212335729143, 1e-12);
  EXPECT_NEAR(detectable_difference(2, 0.025, 1), detectable_difference(2, 0.05, 2), 1e-15);
  EXPECT_GT(detectable_difference(1, 0.05, 2, 0.9), detectable_difference(1, 0.05, 2, 0.8));
  EXPECT_EQ(detectable_difference(0, 0.05, 2), 0);
}

TEST(DetectableDifference, IsFoundByMcNemarsTestAboutAsOftenAsPromised) {
  constexpr int64_t kPictures = 4000, kRuns = 2000;
  const double discordance = 0.06;
  const double loss = detectable_difference(discordance_error(discordance, kPictures), 0.05, 1);
  Dice dice(80);
  int64_t found = 0;
  for (int64_t run = 0; run < kRuns; ++run) {
    int64_t only_a = 0, only_b = 0;
    for (int64_t i = 0; i < kPictures; ++i) {
      const double draw = dice.uniform();
      only_a += draw < (discordance + loss) / 2;
      only_b += draw >= (discordance + loss) / 2 && draw < discordance;
    }
    found += mcnemar_mid_p_loss(only_a, only_b) < 0.05;
  }
  EXPECT_NEAR(static_cast<double>(found) / kRuns, 0.8, 0.03);
}

TEST(DetectableDifference, RefusesWhatIsOutOfRange) {
  EXPECT_THROW(detectable_difference(-1, 0.05, 2), std::invalid_argument);
  EXPECT_THROW(detectable_difference(std::nan(""), 0.05, 2), std::invalid_argument);
  EXPECT_THROW(detectable_difference(1, 0, 2), std::invalid_argument);
  EXPECT_THROW(detectable_difference(1, 0.05, 3), std::invalid_argument);
  EXPECT_THROW(detectable_difference(1, 0.05, 2, 1), std::invalid_argument);
  EXPECT_THROW(discordance_error(1.5, 10), std::invalid_argument);
  EXPECT_THROW(discordance_error(std::nan(""), 10), std::invalid_argument);
  EXPECT_THROW(discordance_error(0.5, 0), std::invalid_argument);
}

}  // namespace
}  // namespace repbench
