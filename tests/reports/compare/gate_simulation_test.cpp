// What the gate promises over many runs. Paired counts are drawn as two models would give them; the verdicts
// are those of the gate itself.
#include <gtest/gtest.h>

#include <random>

#include "reports/compare/verdict.h"
#include "tests/reports/compare/gate_cases.h"

namespace repbench {
namespace {

constexpr int64_t kPictures = 10'000;
constexpr double kDiscordance = 0.06, kMargin = 0.005;
constexpr int kRuns = 1'000;
constexpr size_t kMetrics = 20;

/// Of pictures of which 6 % are right on one side only; the candidate loses `loss`.
MetricComparison drawn(double loss, std::mt19937_64& random) {
  const double only_a = (kDiscordance + loss) / 2, only_b = (kDiscordance - loss) / 2;
  std::binomial_distribution<int64_t> of_a(kPictures, only_a);
  PairedCounts counts;
  counts.only_a = of_a(random);
  counts.only_b =
      std::binomial_distribution<int64_t>(kPictures - counts.only_a, only_b / (1 - only_a))(random);
  counts.both = (kPictures - counts.only_a - counts.only_b) * 9 / 10;
  counts.neither = kPictures - counts.both - counts.only_a - counts.only_b;
  return compared_accuracy(counts);
}

/// How many runs have the verdict in any metric. The first metric of each loses `loss`, the others nothing.
int runs_with(Verdict verdict, GateRule rule, double loss, size_t metrics, int of = kRuns) {
  std::mt19937_64 random(20'260'301);
  int runs = 0;
  for (int run = 0; run < of; ++run) {
    std::vector<Judged> family;
    for (size_t i = 0; i < metrics; ++i) family.push_back({drawn(i == 0 ? loss : 0, random), kMargin});
    const std::vector<Judgement> results = judge(rule, 0.01, family);
    runs += std::any_of(results.begin(), results.end(),
                        [&](const Judgement& one) { return one.verdict == verdict; })
                ? 1
                : 0;
  }
  return runs;
}

TEST(GateSimulation, DetectFlagsAtMostOneInAHundredRunsOfTwentyEqualMetrics) {
  const int flagged = runs_with(Verdict::regression, GateRule::detect, 0, kMetrics);
  RecordProperty("flagged", flagged);
  EXPECT_LE(flagged, 18);  // 1 % of 1,000 and 2.5 standard deviations
  const int of_ten_thousand = runs_with(Verdict::regression, GateRule::detect, 0, kMetrics, 10'000);
  RecordProperty("flagged of 10,000", of_ten_thousand);
  EXPECT_LE(of_ten_thousand, 125);  // likewise: the first thousand alone say little
}

TEST(GateSimulation, DetectCallsEqualMetricsImprovedNoMoreOften) {
  EXPECT_LE(runs_with(Verdict::improvement, GateRule::detect, 0, kMetrics), 18);
}

TEST(GateSimulation, DetectFindsALossOfOnePointThreeAmongTwentyMetrics) {
  const int found = runs_with(Verdict::regression, GateRule::detect, 0.013, kMetrics);
  RecordProperty("found", found);
  EXPECT_GE(found, 950);
}

TEST(GateSimulation, DetectFindsTheSmallestLossThatItClaimsEightTimesInTen) {
  for (const double margin : {kMargin, 0.02}) {
    std::mt19937_64 random(7);
    const Judged equal{drawn(0, random), margin};
    const double smallest = judge(GateRule::detect, 0.01, {&equal, 1})[0].smallest_loss.value();
    int found = 0;
    for (int run = 0; run < kRuns; ++run) {
      const Judged one{drawn(smallest, random), margin};
      found += judge(GateRule::detect, 0.01, {&one, 1})[0].verdict == Verdict::regression;
    }
    EXPECT_GE(found, 760) << margin;  // 80 % less three standard deviations
    EXPECT_LE(found, 850) << margin;
  }
}

TEST(GateSimulation, NoninferiorityLetsNoLossOfOnePointPass) {
  const int passed = runs_with(Verdict::pass, GateRule::noninferiority, 0.01, 1) +
                     runs_with(Verdict::improvement, GateRule::noninferiority, 0.01, 1);
  RecordProperty("passed", passed);
  EXPECT_LE(passed, 50);
}

TEST(GateSimulation, NoninferiorityLeavesSomeEqualModelsOpen) {
  // Power at this n: P(|z| < 0.005 / 0.00245 - 1.96) on the losing side, about a half; the reason says so.
  const int open = runs_with(Verdict::inconclusive, GateRule::noninferiority, 0, 1);
  EXPECT_GT(open, 300);
  EXPECT_LT(open, 650);
}

}  // namespace
}  // namespace repbench
