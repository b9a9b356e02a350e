// Do intervals that say 95 % hold the truth that often? At least 93 % of simulations must.
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "dice.h"
#include "reports/statistics/bootstrap.h"
#include "reports/statistics/paired.h"

namespace repbench {
namespace {

constexpr int kSimulations = 1000;
constexpr int kEnough = 930;

struct Sampled {
  const char* name;
  double truth;
  double (*draw)(Dice& dice);
};

/// What B gains on a picture: it is right alone on 6 %, A alone on 4 %.
double gain(Dice& dice) {
  const double draw = dice.uniform();
  return draw < 0.06 ? 1 : draw < 0.10 ? -1 : 0;
}

double squared_error(Dice& dice) {
  const double error = dice.normal();
  return error * error;
}

const Sampled kSampled[] = {{"differences_of_outcomes", 0.02, gain}, {"squared_errors", 1, squared_error}};

int bootstraps_that_cover(const Sampled& sampled, int64_t n, int64_t resamples) {
  Dice dice(1987);
  int covered = 0;
  std::vector<double> values(static_cast<size_t>(n));
  for (int simulation = 0; simulation < kSimulations; ++simulation) {
    for (double& value : values) value = sampled.draw(dice);
    const auto mean = [&values](std::span<const uint32_t> counts) {
      const auto number = std::accumulate(counts.begin(), counts.end(), uint32_t{0});
      return std::transform_reduce(counts.begin(), counts.end(), values.begin(), 0.0) / number;
    };
    const Interval interval =
        bootstrap(n, mean, {.resamples = resamples, .seed = static_cast<uint64_t>(simulation)}).interval;
    covered += interval.low <= sampled.truth && sampled.truth <= interval.high;
  }
  return covered;
}

void expect_coverage(int64_t n, int64_t resamples) {
#ifndef NDEBUG
  if (n * resamples > 200'000) GTEST_SKIP() << "takes minutes without the optimiser";
#endif
  for (const Sampled& sampled : kSampled) {
    const int covered = bootstraps_that_cover(sampled, n, resamples);
    testing::Test::RecordProperty(sampled.name, covered);
    EXPECT_GE(covered, kEnough) << sampled.name;
    EXPECT_LE(covered, 975) << sampled.name << ": wider than it says";
  }
}

// Fewer resamples for more units: the time of a simulation is their product.
TEST(BootstrapCoverage, IsAtLeastNinetyThreePercentFor200Units) { expect_coverage(200, 1000); }
TEST(BootstrapCoverage, IsAtLeastNinetyThreePercentFor1000Units) { expect_coverage(1000, 500); }
TEST(BootstrapCoverage, IsAtLeastNinetyThreePercentFor10000Units) { expect_coverage(10'000, 100); }

TEST(TangoCoverage, IsAtLeastNinetyThreePercent) {
  constexpr double kOnlyA[] = {0.02, 0.1, 0.3}, kOnlyB[] = {0.02, 0.05, 0.3};
  for (const int n : {50, 200}) {
    for (const double share_a : kOnlyA) {
      for (const double share_b : kOnlyB) {
        Dice dice(1998);
        int covered = 0;
        for (int simulation = 0; simulation < kSimulations; ++simulation) {
          PairedCounts counts;
          for (int i = 0; i < n; ++i) {
            const double draw = dice.uniform();
            ++(draw < share_a ? counts.only_a : draw < share_a + share_b ? counts.only_b : counts.both);
          }
          const Interval interval = tango_interval(counts);
          covered += interval.low <= share_b - share_a && share_b - share_a <= interval.high;
        }
        EXPECT_GE(covered, kEnough) << n << ": " << share_a << ", " << share_b;
      }
    }
  }
}

}  // namespace
}  // namespace repbench
