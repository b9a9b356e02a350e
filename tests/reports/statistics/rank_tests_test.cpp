#include "reports/statistics/rank_tests.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "dice.h"
#include "golden_rows.h"

namespace repbench {
namespace {

using Values = std::vector<double>;

TEST(AverageRanks, ShareTheMeanAmongEqualValues) {
  EXPECT_EQ(average_ranks(Values{3, 1, 4, 1, 5}), (Values{3, 1.5, 4, 1.5, 5}));
  EXPECT_EQ(average_ranks(Values{2, 2, 2}), (Values{2, 2, 2}));
  EXPECT_EQ(average_ranks(Values{7}), (Values{1}));
  EXPECT_TRUE(average_ranks(Values{}).empty());
  EXPECT_THROW(average_ranks(Values{1, std::nan("")}), std::invalid_argument);
}

TEST(RankCorrelations, EqualScipy) {
  const Json rows = golden_rows("correlations");
  ASSERT_GE(rows.size(), 5u);
  for (const Json& row : rows) {
    const Values x = row.at("x"), y = row.at("y");
    EXPECT_NEAR(spearman(x, y), row.at("spearman").get<double>(), 1e-12);
    EXPECT_NEAR(kendall_tau_b(x, y), row.at("kendall").get<double>(), 1e-12);
  }
}

TEST(RankCorrelations, AreOneForTheSameOrderAndZeroForNone) {
  const Values x = {1, 2, 3, 4}, grown = {10, 100, 1000, 10000}, turned = {4, 3, 2, 1}, flat = {5, 5, 5, 5};
  EXPECT_EQ(spearman(x, grown), 1);
  EXPECT_EQ(kendall_tau_b(x, grown), 1);
  EXPECT_EQ(spearman(x, turned), -1);
  EXPECT_EQ(kendall_tau_b(x, turned), -1);
  for (const Values& other : {x, flat}) {
    EXPECT_EQ(spearman(flat, other), 0);
    EXPECT_EQ(kendall_tau_b(other, flat), 0);
  }
}

TEST(RankCorrelations, RefuseUnequalLengthsAndTooFewPairs) {
  const Values one = {1}, two = {1, 2}, three = {1, 2, 3}, broken = {1, std::nan("")};
  EXPECT_THROW(spearman(two, three), std::invalid_argument);
  EXPECT_THROW(kendall_tau_b(two, three), std::invalid_argument);
  EXPECT_THROW(spearman(one, one), std::invalid_argument);
  EXPECT_THROW(kendall_tau_b(one, one), std::invalid_argument);
  EXPECT_THROW(spearman(two, broken), std::invalid_argument);
  EXPECT_THROW(kendall_tau_b(broken, two), std::invalid_argument);
}

TEST(MannWhitney, EqualsScipy) {
  const Json rows = golden_rows("rank_tests");
  ASSERT_GE(rows.size(), 10u);
  int exact = 0;
  for (const Json& row : rows) {
    const Values a = row.at("a"), b = row.at("b");
    const MannWhitney result = mann_whitney(a, b);
    const double p = row.at("p");
    EXPECT_EQ(result.u, row.at("u").get<double>());
    EXPECT_NEAR(result.p, p, 1e-12 * p) << row.at("u");
    EXPECT_EQ(result.exact, row.at("method") == "exact");
    EXPECT_NEAR(mann_whitney(b, a).p, p, 1e-12 * p);
    exact += result.exact;
  }
  EXPECT_GE(exact, 5);
}

TEST(MannWhitney, OfEqualValuesFindsNothing) {
  const Values a = {2, 2, 2}, b = {2, 2};
  const MannWhitney result = mann_whitney(a, b);
  EXPECT_EQ(result.u, 3);
  EXPECT_EQ(result.p, 1);
  EXPECT_FALSE(result.exact);
}

TEST(MannWhitney, RefusesEmptySamples) {
  const Values none, one = {1}, broken = {HUGE_VAL};
  EXPECT_THROW(mann_whitney(none, one), std::invalid_argument);
  EXPECT_THROW(mann_whitney(one, none), std::invalid_argument);
  EXPECT_THROW(mann_whitney(one, broken), std::invalid_argument);
  EXPECT_THROW(hodges_lehmann(none, one), std::invalid_argument);
  EXPECT_THROW(hodges_lehmann(broken, one), std::invalid_argument);
}

TEST(HodgesLehmann, HoldsTheShiftsThatScipysTestDoesNotReject) {
  for (const Json& row : golden_rows("rank_tests")) {
    const Values a = row.at("a"), b = row.at("b");
    const ShiftEstimate result = hodges_lehmann(a, b);
    EXPECT_NEAR(result.shift, row.at("shift").get<double>(), 1e-12) << row.at("u");
    EXPECT_NEAR(result.interval.low, row.at("low").get<double>(), 1e-12) << row.at("u");
    EXPECT_NEAR(result.interval.high, row.at("high").get<double>(), 1e-12) << row.at("u");
    const ShiftEstimate turned = hodges_lehmann(b, a);
    EXPECT_EQ(turned.shift, -result.shift);
    EXPECT_EQ(turned.interval.low, -result.interval.high);
    EXPECT_EQ(turned.interval.high, -result.interval.low);
  }
}

TEST(HodgesLehmann, CoversTheShiftOfInterleavedRepetitions) {
  constexpr int kRuns = 1000;
  for (const int repetitions : {7, 25}) {
    Dice dice(1963);
    int covered = 0;
    for (int run = 0; run < kRuns; ++run) {
      Values a, b;
      for (int i = 0; i < repetitions; ++i) {
        a.push_back(std::exp(dice.normal()));
        b.push_back(std::exp(dice.normal()) + 2);
      }
      const Interval interval = hodges_lehmann(a, b).interval;
      covered += interval.low <= 2 && 2 <= interval.high;
    }
    EXPECT_GE(covered, 930) << repetitions;
  }
}

}  // namespace
}  // namespace repbench
