#include "reports/statistics/change_points.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <stdexcept>

#include "dice.h"
#include "reports/statistics/normal.h"

namespace repbench {
namespace {

/// Two-sided z test for values of known standard deviation 1.
SplitTest z_test(const std::vector<double>& values) {
  return [&values](size_t begin, size_t split, size_t end) {
    const auto mean = [&](size_t from, size_t to) {
      const auto first = values.begin();
      return std::accumulate(first + static_cast<std::ptrdiff_t>(from),
                             first + static_cast<std::ptrdiff_t>(to), 0.0) /
             static_cast<double>(to - from);
    };
    const double error =
        std::sqrt(1 / static_cast<double>(split - begin) + 1 / static_cast<double>(end - split));
    return std::min(1.0, 2 * normal_tail(std::abs(mean(begin, split) - mean(split, end)) / error));
  };
}

std::vector<double> history(const std::vector<double>& levels, int length, uint64_t seed) {
  Dice dice(seed);
  std::vector<double> values;
  for (const double level : levels)
    for (int i = 0; i < length; ++i) values.push_back(level + dice.normal());
  return values;
}

TEST(ChangePoints, AreWhereTheLevelSteps) {
  const std::vector<double> values = history({0, 6, 3, 3, -5}, 20, 1);
  EXPECT_EQ(change_points(values.size(), z_test(values)), (std::vector<size_t>{20, 40, 80}));
}

TEST(ChangePoints, AreFoundAtBothEnds) {
  std::vector<double> values(30, 0.0);
  values.front() = 20;
  values.back() = -20;
  EXPECT_EQ(change_points(values.size(), z_test(values)), (std::vector<size_t>{1, 29}));
}

TEST(ChangePoints, AreRareInAHistoryWithoutAny) {
  int marked = 0;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    const std::vector<double> values = history({0}, 40, seed);
    marked += !change_points(values.size(), z_test(values), 0.05).empty();
  }
  EXPECT_LE(marked, 50);
}

TEST(ChangePoints, AllowForTheNumberOfSplits) {
  const auto p = [](size_t, size_t split, size_t) { return split == 4 ? 0.002 : 1.0; };
  EXPECT_EQ(change_points(5, p, 0.01), (std::vector<size_t>{4}));  // 4 splits: 0.008
  EXPECT_EQ(change_points(6, p, 0.01), (std::vector<size_t>{}));   // 5 splits: 0.01 is not below 0.01
  EXPECT_EQ(change_points(6, p, 0.011), (std::vector<size_t>{4}));
}

TEST(ChangePoints, OfAHistoryThatAlwaysChangesAreAllEntries) {
  const auto always = [](size_t, size_t, size_t) { return 0.0; };
  const std::vector<size_t> points = change_points(2000, always);
  ASSERT_EQ(points.size(), 1999u);
  EXPECT_EQ(points.front(), 1u);
  EXPECT_EQ(points.back(), 1999u);
}

TEST(ChangePoints, OfFewerThanTwoEntriesAreNone) {
  const auto always = [](size_t, size_t, size_t) { return 0.0; };
  EXPECT_TRUE(change_points(0, always).empty());
  EXPECT_TRUE(change_points(1, always).empty());
  EXPECT_EQ(change_points(2, always), (std::vector<size_t>{1}));
}

TEST(ChangePoints, RefuseWhatIsNoProbability) {
  for (const double wrong : {-0.1, 1.5, std::nan("")}) {
    const auto p = [wrong](size_t, size_t, size_t) { return wrong; };
    EXPECT_THROW(change_points(5, p), std::invalid_argument) << wrong;
  }
  const auto never = [](size_t, size_t, size_t) { return 1.0; };
  EXPECT_THROW(change_points(5, never, 0), std::invalid_argument);
  EXPECT_THROW(change_points(5, never, 1), std::invalid_argument);
}

}  // namespace
}  // namespace repbench
