#include "reports/statistics/bootstrap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "golden_rows.h"

namespace repbench {
namespace {

double mean(std::span<const uint32_t> counts, const std::vector<double>& values) {
  double sum = 0, n = 0;
  for (size_t i = 0; i < values.size(); ++i) sum += counts[i] * values[i], n += counts[i];
  return sum / n;
}

double root_mean_square(std::span<const uint32_t> counts, const std::vector<double>& values) {
  double sum = 0, n = 0;
  for (size_t i = 0; i < values.size(); ++i) sum += counts[i] * values[i] * values[i], n += counts[i];
  return std::sqrt(sum / n);
}

TEST(Bootstrap, EqualsScipyUpToTheNoiseOfResampling) {
  const std::map<std::string, decltype(&mean)> statistics = {{"mean", mean},
                                                             {"root_mean_square", root_mean_square}};
  const Json rows = golden_rows("bootstrap");
  ASSERT_GE(rows.size(), 3u);
  for (const Json& row : rows) {
    const std::vector<double> values = row.at("values");
    const auto statistic = statistics.at(row.at("statistic"));
    const BootstrapResult result = bootstrap(
        static_cast<int64_t>(values.size()),
        [&](std::span<const uint32_t> counts) { return statistic(counts, values); }, {.resamples = 200'000});
    const double error = row.at("standard_error"), noise = error * row.at("noise").get<double>();
    EXPECT_NEAR(result.standard_error, error, noise);
    EXPECT_NEAR(result.interval.low, row.at("low").get<double>(), noise);
    EXPECT_NEAR(result.interval.high, row.at("high").get<double>(), noise);
    EXPECT_DOUBLE_EQ(result.estimate, statistic(std::vector<uint32_t>(values.size(), 1), values));
  }
}

TEST(Bootstrap, DrawsTheSameWithEveryCompiler) {
  std::vector<std::vector<uint32_t>> seen;
  const auto statistic = [&](std::span<const uint32_t> counts) {
    seen.emplace_back(counts.begin(), counts.end());
    return static_cast<double>(counts[0]) - counts[1];
  };
  const BootstrapResult once = bootstrap(6, statistic, {.resamples = 3, .seed = 7});
  ASSERT_GE(seen.size(), 4u);
  EXPECT_EQ(seen[0], (std::vector<uint32_t>{1, 1, 1, 1, 1, 1}));
  // As an MT19937-64 written in Python gives them.
  EXPECT_EQ(seen[1], (std::vector<uint32_t>{2, 0, 1, 0, 1, 2}));
  EXPECT_EQ(seen[2], (std::vector<uint32_t>{3, 0, 0, 0, 1, 2}));
  EXPECT_EQ(seen[3], (std::vector<uint32_t>{0, 2, 0, 2, 1, 1}));
  const BootstrapResult again = bootstrap(6, statistic, {.resamples = 3, .seed = 7});
  EXPECT_EQ(once.interval.low, again.interval.low);
  EXPECT_EQ(once.interval.high, again.interval.high);
  EXPECT_EQ(once.standard_error, again.standard_error);
}

TEST(Bootstrap, DrawsEachUnitEquallyOften) {
  constexpr int64_t kUnits = 999, kResamples = 1000;
  std::vector<double> drawn(kUnits);
  int64_t calls = 0;
  bootstrap(kUnits,
            [&](std::span<const uint32_t> counts) {
              EXPECT_LE(std::accumulate(counts.begin(), counts.end(), int64_t{0}), kUnits);
              if (++calls > 1 && calls <= kResamples + 1)
                for (size_t i = 0; i < counts.size(); ++i) drawn[i] += counts[i];
              return static_cast<double>(counts[0]);
            },
            {.resamples = kResamples});
  double chi_squared = 0;  // 998 degrees of freedom: 998 with a standard deviation of 45
  for (const double count : drawn) chi_squared += (count - kResamples) * (count - kResamples) / kResamples;
  EXPECT_NEAR(chi_squared, 998, 4 * 45);
  EXPECT_EQ(calls, 1 + kResamples + 100);
}

TEST(Bootstrap, LeavesEachUnitOutOnceForTheAcceleration) {
  constexpr int64_t kUnits = 250, kResamples = 20;
  std::vector<int64_t> left_out(kUnits);
  int64_t calls = 0;
  bootstrap(kUnits,
            [&](std::span<const uint32_t> counts) {
              if (++calls > kResamples + 1)
                for (size_t i = 0; i < counts.size(); ++i) left_out[i] += counts[i] == 0;
              return static_cast<double>(counts[0]) + counts[1] / 2.0;
            },
            {.resamples = kResamples});
  EXPECT_EQ(calls, 1 + kResamples + 100);
  EXPECT_EQ(left_out, std::vector<int64_t>(kUnits, 1));
}

TEST(Bootstrap, OfOneUnitOrAConstantIsAPoint) {
  for (const int64_t n : {int64_t{1}, int64_t{50}}) {
    const BootstrapResult result = bootstrap(n, [](std::span<const uint32_t>) { return 0.75; });
    EXPECT_EQ(result.estimate, 0.75);
    EXPECT_EQ(result.standard_error, 0);
    EXPECT_EQ(result.interval.low, 0.75);
    EXPECT_EQ(result.interval.high, 0.75);
  }
}

TEST(Bootstrap, FallsBackToPercentilesWhereNoResampleIsAboveTheEstimate) {
  // The largest value: no resample exceeds it, so that there is no bias to correct.
  const auto largest = [](std::span<const uint32_t> counts) {
    double result = 0;
    for (size_t i = 0; i < counts.size(); ++i)
      if (counts[i] > 0) result = static_cast<double>(i + 1);
    return result * result;
  };
  const BootstrapResult result = bootstrap(40, largest, {.resamples = 500});
  EXPECT_EQ(result.estimate, 1600);
  EXPECT_EQ(result.interval.high, 1600);
  EXPECT_LT(result.interval.low, 1600);
  EXPECT_GT(result.interval.low, 900);
  // No estimate among the resamples: nothing is below it.
  const auto unlike = [](std::span<const uint32_t> counts) {
    return std::all_of(counts.begin(), counts.end(), [](uint32_t k) { return k == 1; }) ? 0.0
                                                                                        : 5.0 + counts[0];
  };
  const BootstrapResult outside = bootstrap(40, unlike, {.resamples = 500});
  EXPECT_GE(outside.interval.low, 5);
  EXPECT_GE(outside.interval.high, outside.interval.low);
}

TEST(Bootstrap, OfTwoSeedsIsFinite) {
  const std::vector<double> values = {0.8, 0.9};
  const BootstrapResult result =
      bootstrap(2, [&](std::span<const uint32_t> counts) { return mean(counts, values); });
  EXPECT_GE(result.interval.low, 0.8);
  EXPECT_LE(result.interval.high, 0.9);
  EXPECT_LE(result.interval.low, result.interval.high);
}

TEST(Bootstrap, RefusesStatisticsThatAreNotFinite) {
  const auto nan = [](std::span<const uint32_t>) { return std::nan(""); };
  const auto divides_by_the_first = [](std::span<const uint32_t> counts) { return 1.0 / counts[0]; };
  EXPECT_THROW(bootstrap(10, nan), std::invalid_argument);
  EXPECT_THROW(bootstrap(10, divides_by_the_first), std::invalid_argument);
}

TEST(Bootstrap, RefusesOptionsOutOfRange) {
  const auto zero = [](std::span<const uint32_t>) { return 0.0; };
  EXPECT_THROW(bootstrap(0, zero), std::invalid_argument);
  EXPECT_THROW(bootstrap(-3, zero), std::invalid_argument);
  EXPECT_THROW(bootstrap(std::numeric_limits<int64_t>::max(), zero), std::invalid_argument);
  EXPECT_THROW(bootstrap(5, zero, {.resamples = 1}), std::invalid_argument);
  EXPECT_THROW(bootstrap(5, zero, {.resamples = std::numeric_limits<int64_t>::max()}), std::invalid_argument);
  for (const double confidence : {0.0, 1.0, std::nan("")})
    EXPECT_THROW(bootstrap(5, zero, {.confidence = confidence}), std::invalid_argument);
}

}  // namespace
}  // namespace repbench
