#include "protocols/throughput/ranking.h"

#include <gtest/gtest.h>

namespace repbench {
namespace {

using Rates = std::vector<std::vector<double>>;

std::vector<double> around(double mean, double by) { return {mean - by, mean, mean + by}; }

std::vector<int64_t> places(const Rates& rates) {
  std::vector<int64_t> result;
  for (const Rank& rank : rank_by_rates(rates)) result.push_back(rank.place);
  return result;
}

TEST(Ranking, TellsTheOrderOfIntervalsThatAreApart) {
  const std::vector<Rank> ranks = rank_by_rates(Rates{around(10, 0.1), around(30, 0.1), around(20, 0.1)});
  EXPECT_EQ(ranks[0].place, 3);
  EXPECT_EQ(ranks[1].place, 1);
  EXPECT_EQ(ranks[2].place, 2);
  EXPECT_TRUE(ranks[1].tied_with.empty());
  EXPECT_EQ(ranks[1].faster_than, (std::vector<size_t>{0, 2}));
}

TEST(Ranking, OverlappingIntervalsShareAPlace) {
  const std::vector<Rank> ranks = rank_by_rates(Rates{around(10, 0.1), around(20, 0.1), around(20.2, 0.1)});
  EXPECT_EQ(ranks[1].place, 1);
  EXPECT_EQ(ranks[2].place, 1);
  EXPECT_EQ(ranks[0].place, 3) << "two are before it";
  EXPECT_EQ(ranks[1].tied_with, std::vector<size_t>{2});
  EXPECT_EQ(ranks[2].tied_with, std::vector<size_t>{1});
}

TEST(Ranking, AChainOfOverlapsIsOnePlaceThoughItsEndsAreApart) {
  // For n = 3 and three subjects t is 7.65: halves of 0.44, 5.3 and 0.44.
  const std::vector<Rank> ranks = rank_by_rates(Rates{around(100, 0.1), around(95, 1.2), around(90, 0.1)});
  for (const Rank& rank : ranks) EXPECT_EQ(rank.place, 1);
  EXPECT_EQ(ranks[0].tied_with, std::vector<size_t>{1});
  EXPECT_EQ(ranks[0].faster_than, std::vector<size_t>{2});
  EXPECT_EQ(ranks[1].tied_with, (std::vector<size_t>{0, 2}));
}

TEST(Ranking, IntervalsHoldTogether) {
  // Two subjects, one degree of freedom: t(0.9875) = 25.45, where one alone would have 12.71.
  EXPECT_EQ(places({{0, 2}, {20, 20}}), (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(places({{0, 2}, {26, 26}}), (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(places({{0, 2}, {27, 27}}), (std::vector<int64_t>{2, 1}));
}

}  // namespace
}  // namespace repbench
