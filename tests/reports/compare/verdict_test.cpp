#include "reports/compare/verdict.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/files/error_message.h"
#include "tests/reports/compare/gate_cases.h"

namespace repbench {
namespace {

Judgement only_verdict(GateRule rule, const PairedCounts& counts, double margin = 0.005) {
  return judge(rule, 0.01, std::vector<Judged>{{compared_accuracy(counts), margin}}).at(0);
}

PairedCounts lost(int64_t only_a, int64_t only_b, int64_t n) {
  return {n - only_a - only_b, only_a, only_b, 0};
}

TEST(Detect, CallsAShownLossBeyondTheMarginARegression) {
  const Judgement result = only_verdict(GateRule::detect, lost(400, 200, 10'000));
  EXPECT_EQ(result.verdict, Verdict::regression);
  EXPECT_EQ(result.reason, "a loss of 2 points, beyond the margin of 0.5 points; p < 0.001");
}

TEST(Detect, LetsAShownLossWithinTheMarginPass) {
  const Judgement result = only_verdict(GateRule::detect, lost(45, 5, 10'000));
  EXPECT_EQ(result.verdict, Verdict::pass);
  EXPECT_EQ(result.reason, "a loss of 0.4 points, within the margin of 0.5 points");
}

TEST(Detect, SaysWhatAPassCouldHaveSeen) {
  const Judgement result = only_verdict(GateRule::detect, lost(300, 300, 10'000));
  EXPECT_EQ(result.verdict, Verdict::pass);
  ASSERT_TRUE(result.smallest_loss);
  EXPECT_NEAR(*result.smallest_loss, (2.326348 + 0.841621) * 0.00244949, 3e-5);  // Tango's, a little wider
  EXPECT_EQ(result.reason, "no loss shown; one of 0.778 points would have been, with 80 % power");
}

TEST(Detect, NeverClaimsToSeeLessThanTheMargin) {
  EXPECT_NEAR(only_verdict(GateRule::detect, lost(300, 300, 10'000), 0.02).smallest_loss.value(),
              0.02 + 0.841621 * 0.00244949, 1e-5)
      << "a loss of the margin itself is seen to exceed it every other time";
}

TEST(Detect, TakesALossOfJustTheMarginForNoneBeyondIt) {
  EXPECT_EQ(only_verdict(GateRule::detect, lost(50, 0, 10'000)).verdict, Verdict::pass);
  EXPECT_EQ(only_verdict(GateRule::detect, lost(51, 0, 10'000)).verdict, Verdict::regression);
}

TEST(Detect, ClaimsNothingBelowTheFewestPicturesThatCouldShow) {
  // 6 losses of as many: mid-p = 2^-7 < 1 %.
  const Judgement result = only_verdict(GateRule::detect, lost(0, 0, 100));
  EXPECT_EQ(result.verdict, Verdict::pass);
  EXPECT_NEAR(result.smallest_loss.value(), (6 + 0.8416 * std::sqrt(6)) / 100, 1e-5);
}

TEST(Detect, IsInconclusiveWhereNoLossCouldShow) {
  const Judgement result = only_verdict(GateRule::detect, lost(1, 0, 1));
  EXPECT_EQ(result.verdict, Verdict::inconclusive);
  EXPECT_EQ(result.reason, "n = 1 could not show any loss at alpha = 0.01");
  EXPECT_EQ(only_verdict(GateRule::detect, lost(5, 0, 5)).verdict, Verdict::inconclusive);
  EXPECT_EQ(only_verdict(GateRule::detect, lost(6, 0, 6)).verdict, Verdict::regression);
}

TEST(Detect, CallsAShownGainAnImprovement) {
  const Judgement result = only_verdict(GateRule::detect, lost(200, 400, 10'000));
  EXPECT_EQ(result.verdict, Verdict::improvement);
  EXPECT_EQ(result.reason, "a gain of 2 points; p < 0.001");
}

TEST(Detect, CorrectsOverTheWholeFamily) {
  const PairedCounts slight = lost(360, 280, 10'000);  // p = 0.0008
  EXPECT_EQ(only_verdict(GateRule::detect, slight).verdict, Verdict::regression);
  std::vector<Judged> family(20, {compared_accuracy(lost(300, 300, 10'000)), 0.005});
  family[7].metric = compared_accuracy(slight);
  const std::vector<Judgement> results = judge(GateRule::detect, 0.01, family);
  EXPECT_EQ(results[7].verdict, Verdict::pass);
  EXPECT_NEAR(*results[7].p_loss, 20 * family[7].metric.units->p_loss, 1e-12);
  EXPECT_GT(*results[0].smallest_loss, 0.01) << "a twentieth of alpha sees larger losses only";
}

TEST(Detect, KnowsWhichDirectionIsWorse) {
  MetricComparison error = compared_accuracy(lost(400, 200, 10'000));
  error.direction = Direction::lower_is_better;
  std::swap(error.units->p_loss, error.units->p_gain);
  EXPECT_EQ(judge(GateRule::detect, 0.01, std::vector<Judged>{{error, 0.005}}).at(0).verdict,
            Verdict::improvement);
  error = compared_accuracy(lost(200, 400, 10'000));
  error.direction = Direction::lower_is_better;
  std::swap(error.units->p_loss, error.units->p_gain);
  EXPECT_EQ(judge(GateRule::detect, 0.01, std::vector<Judged>{{error, 0.005}}).at(0).verdict,
            Verdict::regression);
}

TEST(Verdicts, AreInconclusiveWithoutAnError) {
  MetricComparison metric = compared_accuracy(lost(400, 200, 10'000));
  metric.units.reset();
  for (const GateRule rule : {GateRule::detect, GateRule::noninferiority}) {
    const Judgement result = judge(rule, 0.01, std::vector<Judged>{{metric, 0.005}}).at(0);
    EXPECT_EQ(result.verdict, Verdict::inconclusive);
    EXPECT_EQ(result.reason, "its error is unknown: no outcomes and no standard errors");
  }
}

TEST(Verdicts, GoBySeedsWhereUnitsSayNothing) {
  MetricComparison metric = compared_accuracy(lost(400, 200, 10'000));
  metric.seeds.swap(metric.units);
  EXPECT_EQ(judge(GateRule::detect, 0.01, std::vector<Judged>{{metric, 0.005}}).at(0).verdict,
            Verdict::regression);
}

TEST(Verdicts, AreKeptFromWhatMayNotBeCompared) {
  MetricComparison metric = compared_accuracy(lost(400, 200, 10'000));
  metric.not_comparable = "metrics.accuracy.version: 1 and 2";
  const Judgement result = judge(GateRule::detect, 0.01, std::vector<Judged>{{metric, 0.005}}).at(0);
  EXPECT_EQ(result.verdict, Verdict::not_comparable);
  EXPECT_EQ(result.reason, metric.not_comparable);
}

TEST(Verdicts, OfNothingAreNone) { EXPECT_TRUE(judge(GateRule::detect, 0.01, {}).empty()); }

TEST(Noninferiority, PassesOnlyWhereALossOfTheMarginIsExcluded) {
  EXPECT_EQ(only_verdict(GateRule::noninferiority, lost(300, 300, 10'000)).verdict, Verdict::pass);
  EXPECT_EQ(only_verdict(GateRule::noninferiority, lost(330, 270, 10'000)).verdict, Verdict::inconclusive);
  EXPECT_EQ(only_verdict(GateRule::noninferiority, lost(400, 200, 10'000)).verdict, Verdict::regression);
  EXPECT_EQ(only_verdict(GateRule::noninferiority, lost(200, 400, 10'000)).verdict, Verdict::improvement);
}

TEST(Noninferiority, SaysThatEqualModelsAreOftenInconclusiveAndHowManyPicturesItTakes) {
  const Judgement result = only_verdict(GateRule::noninferiority, lost(6, 6, 200));
  EXPECT_EQ(result.verdict, Verdict::inconclusive);
  ASSERT_TRUE(result.needed);  // (1.96 + 0.84)^2 * 0.06 / 0.005^2 = 18,837; more by Tango's wider interval
  EXPECT_GE(*result.needed, 18'837);
  EXPECT_LE(*result.needed, 25'000);
  EXPECT_PRED2(contains, result.reason, "at n = 200 equal models often are inconclusive: about n = 2");
}

TEST(Noninferiority, SaysWhereMorePicturesAreNotTheAnswer) {
  EXPECT_PRED2(contains, only_verdict(GateRule::noninferiority, lost(35'000, 30'000, 1'000'000)).reason,
               "the loss itself is near the margin");
  EXPECT_PRED2(contains, only_verdict(GateRule::noninferiority, lost(300, 300, 10'000), 0).reason,
               "with a margin of 0 only an improvement can pass");
}

TEST(Amounts, AreWrittenInPointsForShares) {
  EXPECT_EQ(amount_text(0.013, ""), "1.3 points");
  EXPECT_EQ(amount_text(0.0123456, "rank"), "0.0123 rank");
  EXPECT_EQ(amount_text(12'345, "images/s"), "12.3 k images/s");
}

}  // namespace
}  // namespace repbench
