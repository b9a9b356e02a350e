#include "reports/statistics/multiplicity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "dice.h"
#include "golden_rows.h"
#include "reports/statistics/normal.h"

namespace repbench {
namespace {

void expect_near(const std::vector<double>& got, const std::vector<double>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-14) << i;
}

TEST(Multiplicity, EqualsStatsmodels) {
  const Json rows = golden_rows("multiplicity");
  ASSERT_GE(rows.size(), 5u);
  for (const Json& row : rows) {
    const std::vector<double> p = row.at("p");
    expect_near(holm(p), row.at("holm"));
    expect_near(benjamini_hochberg(p), row.at("benjamini_hochberg"));
  }
}

TEST(Multiplicity, LeavesOneAloneAndTakesNone) {
  const std::vector<double> one = {0.03};
  EXPECT_EQ(holm(one), one);
  EXPECT_EQ(benjamini_hochberg(one), one);
  EXPECT_TRUE(holm({}).empty());
  EXPECT_TRUE(benjamini_hochberg({}).empty());
}

TEST(Multiplicity, RefusesWhatIsNoP) {
  for (const double wrong : {-0.1, 1.1, std::nan("")}) {
    const std::vector<double> p = {0.5, wrong};
    EXPECT_THROW(holm(p), std::invalid_argument) << wrong;
    EXPECT_THROW(benjamini_hochberg(p), std::invalid_argument) << wrong;
  }
}

// 20 tests a run, 15 of them without an effect, all correlated to 0 or 0.5.
TEST(Holm, RejectsATrueHypothesisInAtMostFivePercentOfRuns) {
  constexpr int kRuns = 4000, kTests = 20, kWithout = 15;
  for (const double correlation : {0.0, 0.5}) {
    Dice dice(1979);
    int wrong = 0, found = 0;
    for (int run = 0; run < kRuns; ++run) {
      const double shared = std::sqrt(correlation) * dice.normal();
      std::vector<double> p(kTests);
      for (int test = 0; test < kTests; ++test) {
        const double z = shared + std::sqrt(1 - correlation) * dice.normal() + (test < kWithout ? 0 : 5);
        p[static_cast<size_t>(test)] = normal_tail(z);
      }
      const std::vector<double> adjusted = holm(p);
      const auto rejected = [](double value) { return value < 0.05; };
      wrong += std::any_of(adjusted.begin(), adjusted.begin() + kWithout, rejected);
      found += static_cast<int>(std::count_if(adjusted.begin() + kWithout, adjusted.end(), rejected));
    }
    const double noise = 3 * std::sqrt(0.05 * 0.95 / kRuns);
    EXPECT_LE(static_cast<double>(wrong) / kRuns, 0.05 + noise) << correlation;
    EXPECT_GE(static_cast<double>(found) / (kRuns * (kTests - kWithout)), 0.95) << correlation;
  }
}

}  // namespace
}  // namespace repbench
