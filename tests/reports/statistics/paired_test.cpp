#include "reports/statistics/paired.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <tuple>
#include <vector>

#include "golden_rows.h"

namespace repbench {
namespace {

TEST(PairedCounts, CountWhoIsRight) {
  const std::vector<uint8_t> a = {1, 1, 1, 1, 1, 1, 0, 0, 0, 0}, b = {1, 1, 1, 1, 0, 0, 1, 0, 0, 0};
  const PairedCounts counts = paired_counts(a, b);
  EXPECT_EQ(counts.both, 4);
  EXPECT_EQ(counts.only_a, 2);
  EXPECT_EQ(counts.only_b, 1);
  EXPECT_EQ(counts.neither, 3);
  EXPECT_EQ(counts.n(), 10);
}

TEST(PairedCounts, RefuseUnequalLengths) {
  const std::vector<uint8_t> a = {1, 0, 1}, b = {1, 0};
  EXPECT_THROW(paired_counts(a, b), std::invalid_argument);
}

TEST(McNemarMidP, EqualsScipy) {
  const Json rows = golden_rows("mcnemar_mid_p");
  ASSERT_GE(rows.size(), 10u);
  for (const Json& row : rows) {
    const double expected = row.at("p");
    EXPECT_NEAR(mcnemar_mid_p(row.at("b"), row.at("c")), expected, 1e-9 * expected) << row;
  }
}

TEST(McNemarMidP, EqualsScipyForAMillionDiscordantPairs) {
  const std::vector<std::tuple<int64_t, int64_t, double>> expected = {{499000, 501000, 0.04550031788737068},
                                                                      {250000, 251500, 0.034162821639648844},
                                                                      {498000, 502000, 6.334168068497547e-05},
                                                                      {100, 300, 1.723708032968149e-24},
                                                                      {0, 1000, 9.332636185032603e-302}};
  for (const auto& [b, c, p] : expected) {
    EXPECT_NEAR(mcnemar_mid_p(b, c), p, 1e-7 * p) << b << " " << c;
    EXPECT_EQ(mcnemar_mid_p(b, c), mcnemar_mid_p(c, b));
  }
  EXPECT_GE(mcnemar_mid_p(0, 1000000), 0);  // underflows, neatly
}

TEST(McNemarMidP, IsOneWithoutDiscordantPairs) {
  EXPECT_EQ(mcnemar_mid_p(0, 0), 1);
  EXPECT_EQ(mcnemar_mid_p(2500, 2500), 1);
  EXPECT_THROW(mcnemar_mid_p(-1, 2), std::invalid_argument);
  EXPECT_THROW(mcnemar_mid_p(std::numeric_limits<int64_t>::max(), 2), std::invalid_argument);
}

// Both tables are worked examples in the R package contingencytables, by Fagerland, Lydersen and Laake:
// response before and after consolidation therapy (Cavo et al. 2012), and 10 / 256 by hand for the airways of
// Bentur et al. 2009.
TEST(McNemarMidP, EqualsWorkedExamples) {
  EXPECT_NEAR(mcnemar_mid_p(6, 16), 0.034690, 5e-7);
  EXPECT_NEAR(mcnemar_mid_p(1, 7), 10.0 / 256, 1e-12);
}

TEST(McNemarMidPLoss, EqualsScipyOnBothSides) {
  for (const Json& row : golden_rows("mcnemar_mid_p")) {
    const double expected = row.at("loss");
    const int64_t only_a = row.at("b"), only_b = row.at("c");
    EXPECT_NEAR(mcnemar_mid_p_loss(only_a, only_b), expected, 1e-9 * expected) << row;
    EXPECT_NEAR(mcnemar_mid_p_loss(only_a, only_b) + mcnemar_mid_p_loss(only_b, only_a), 1, 1e-12) << row;
  }
}

TEST(McNemarMidPLoss, IsSmallWhereBLost) {
  EXPECT_LT(mcnemar_mid_p_loss(60, 30), 0.001);
  EXPECT_GT(mcnemar_mid_p_loss(30, 60), 0.999);
  EXPECT_EQ(mcnemar_mid_p_loss(0, 0), 0.5);
  EXPECT_EQ(mcnemar_mid_p_loss(7, 7), 0.5);
  EXPECT_THROW(mcnemar_mid_p_loss(3, -1), std::invalid_argument);
}

PairedCounts table(const Json& row) {
  const std::vector<int64_t> counts = row.at("counts");
  return {counts[0], counts[1], counts[2], counts[3]};
}

TEST(Tango, EqualsASolutionWithoutTheClosedForm) {
  const Json rows = golden_rows("tango");
  ASSERT_GE(rows.size(), 30u);
  for (const Json& row : rows) {
    const Interval interval = tango_interval(table(row), row.at("confidence"));
    EXPECT_NEAR(interval.low, row.at("low").get<double>(), 1e-10) << row;
    EXPECT_NEAR(interval.high, row.at("high").get<double>(), 1e-10) << row;
  }
}

// Cavo et al. 2012 as above; there the difference is before less after, so that the signs are the other ones.
TEST(Tango, EqualsAWorkedExample) {
  const Interval interval = tango_interval({59, 6, 16, 80});
  EXPECT_NEAR(interval.low, 0.0054, 5e-5);
  EXPECT_NEAR(interval.high, 0.1240, 5e-5);
}

TEST(Tango, TurnsRoundWithTheModelsAndStaysInside) {
  for (const Json& row : golden_rows("tango")) {
    const PairedCounts counts = table(row);
    const Interval interval = tango_interval(counts);
    const Interval turned = tango_interval({counts.both, counts.only_b, counts.only_a, counts.neither});
    EXPECT_EQ(turned.low, -interval.high) << row;
    EXPECT_EQ(turned.high, -interval.low) << row;
    const double difference = static_cast<double>(counts.only_b - counts.only_a) / counts.n();
    EXPECT_LE(-1, interval.low);
    EXPECT_LE(interval.low, difference) << row;
    EXPECT_LE(difference, interval.high) << row;
    EXPECT_LE(interval.high, 1);
    EXPECT_LT(interval.low, interval.high) << row;
  }
}

TEST(Tango, WithoutDiscordantPairsIsTheClosedForm) {
  const double z2 = 1.959963984540054 * 1.959963984540054;
  for (const int64_t n : {1, 7, 50'000}) {
    const Interval interval = tango_interval({n, 0, 0, 0});  // all correct
    EXPECT_NEAR(interval.high, z2 / (static_cast<double>(n) + z2), 1e-12) << n;
    EXPECT_EQ(interval.low, -interval.high) << n;
  }
  EXPECT_EQ(tango_interval({0, 0, 5, 0}).high, 1);
  EXPECT_EQ(tango_interval({0, 5, 0, 0}).low, -1);
}

TEST(Tango, HoldsZeroAboutWhenMcNemarsTestDoesNotReject) {
  for (int64_t only_a = 0; only_a <= 120; only_a += 3) {
    const Interval interval = tango_interval({800, only_a, 60, 140 - only_a});
    const double p = mcnemar_mid_p(only_a, 60);
    const bool holds_zero = interval.low <= 0 && 0 <= interval.high;
    EXPECT_TRUE(holds_zero || p < 0.055) << only_a;
    EXPECT_TRUE(!holds_zero || p > 0.045) << only_a;
  }
}

TEST(Tango, RefusesImpossibleCounts) {
  EXPECT_THROW(tango_interval({}), std::invalid_argument);
  EXPECT_THROW(tango_interval({5, -1, 0, 0}), std::invalid_argument);
  EXPECT_THROW(tango_interval({-5, 1, 9, 0}), std::invalid_argument);
  const int64_t huge = std::numeric_limits<int64_t>::max();
  EXPECT_THROW(tango_interval({huge, huge, huge, huge}), std::invalid_argument);
  for (const double confidence : {0.0, 1.0, std::nan("")})
    EXPECT_THROW(tango_interval({1, 1, 1, 1}, confidence), std::invalid_argument) << confidence;
}

TEST(PairedT, EqualsScipy) {
  const Json rows = golden_rows("paired_t");
  ASSERT_GE(rows.size(), 3u);
  for (const Json& row : rows) {
    const std::vector<double> differences = row.at("differences");
    const PairedT result = paired_t(differences, row.at("confidence"));
    EXPECT_EQ(result.n, static_cast<int64_t>(differences.size()));
    EXPECT_NEAR(result.p, row.at("p").get<double>(), 1e-10) << row;
    EXPECT_NEAR(result.standard_error, row.at("standard_error").get<double>(), 1e-14) << row;
    EXPECT_NEAR(result.interval.low, row.at("low").get<double>(), 1e-9) << row;
    EXPECT_NEAR(result.interval.high, row.at("high").get<double>(), 1e-9) << row;
  }
}

TEST(PairedT, OfEqualDifferencesIsAPoint) {
  const std::vector<double> none = {0, 0}, same = {0.1, 0.1, 0.1};  // 0.1 + 0.1 + 0.1 is not 0.3
  EXPECT_EQ(paired_t(none).p, 1);
  EXPECT_EQ(paired_t(none).interval.low, 0);
  const PairedT result = paired_t(same);
  EXPECT_EQ(result.p, 0);
  EXPECT_EQ(result.mean, 0.1);
  EXPECT_EQ(result.standard_error, 0);
  EXPECT_EQ(result.interval.low, 0.1);
  EXPECT_EQ(result.interval.high, 0.1);
}

TEST(PairedT, RefusesOneDifferenceAndWhatIsNotFinite) {
  const std::vector<double> one = {0.1}, broken = {0.1, std::nan("")}, large = {1e308, -1e308};
  EXPECT_THROW(paired_t({}), std::invalid_argument);
  EXPECT_THROW(paired_t(one), std::invalid_argument);
  EXPECT_THROW(paired_t(broken), std::invalid_argument);
  EXPECT_THROW(paired_t(large), std::invalid_argument);
  const std::vector<double> two = {0.1, 0.2};
  EXPECT_THROW(paired_t(two, 1), std::invalid_argument);
}

}  // namespace
}  // namespace repbench
