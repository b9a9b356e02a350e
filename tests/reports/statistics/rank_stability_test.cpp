#include "reports/statistics/rank_stability.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

namespace repbench {
namespace {

using Scores = std::vector<std::vector<double>>;

TEST(RankStability, NamesTheTaskThatTheLeaderHangsOn) {
  // Averages 0.65, 0.64, 0.40; without task 2 the second model leads.
  const Scores scores = {{0.50, 0.55, 0.90}, {0.70, 0.72, 0.50}, {0.40, 0.50, 0.30}};
  const auto result = rank_stability(scores);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->leader, 0u);
  EXPECT_TRUE(result->leader_changes);
  ASSERT_EQ(result->without.size(), 3u);
  EXPECT_FALSE(result->without[0].leader_changes);
  EXPECT_FALSE(result->without[1].leader_changes);
  EXPECT_TRUE(result->without[2].leader_changes);
  EXPECT_EQ(result->without[2].leader, 1u);
  EXPECT_EQ(result->without[0].kendall_tau_b, 1);
  EXPECT_NEAR(result->without[2].kendall_tau_b, 1.0 / 3, 1e-15);
  // Tasks 0 and 1 rank alike; task 2 swaps the first two: rho = 1 - 6 * 2 / (3 * 8).
  EXPECT_NEAR(result->least_spearman, 0.5, 1e-15);
  EXPECT_EQ(result->least_first, 0u);
  EXPECT_EQ(result->least_second, 2u);
  EXPECT_NEAR(result->mean_spearman, (1 + 0.5 + 0.5) / 3, 1e-15);
}

TEST(RankStability, OfTasksThatAgreeIsWhole) {
  const Scores scores = {{1, 10}, {2, 20}, {3, 30}, {4, 40}};
  const auto result = rank_stability(scores);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->mean_spearman, 1);
  EXPECT_EQ(result->least_spearman, 1);
  EXPECT_EQ(result->leader, 3u);
  EXPECT_FALSE(result->leader_changes);
  for (const auto& without : result->without) EXPECT_EQ(without.kendall_tau_b, 1);
}

TEST(RankStability, DoesNotCallATieAChange) {
  const Scores scores = {{1, 1}, {1, 2}, {3, 0}, {0, 0}};  // models 1 and 2 lead together
  const auto result = rank_stability(scores);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->leader, 1u);
  EXPECT_FALSE(result->without[0].leader_changes);
  EXPECT_TRUE(result->without[1].leader_changes);
  const Scores equal = {{1, 1}, {1, 1}, {1, 1}};
  const auto flat = rank_stability(equal);
  ASSERT_TRUE(flat);
  EXPECT_EQ(flat->leader, 0u);
  EXPECT_FALSE(flat->leader_changes);
  EXPECT_EQ(flat->mean_spearman, 0);
}

TEST(RankStability, IsNothingForTooFewModelsOrTasks) {
  EXPECT_FALSE(rank_stability({}));
  EXPECT_FALSE(rank_stability({{1, 2}, {3, 4}}));
  EXPECT_FALSE(rank_stability({{1}, {2}, {3}}));
  EXPECT_FALSE(rank_stability({{}, {}, {}}));
}

TEST(RankStability, RefusesHolesInTheTable) {
  EXPECT_THROW(rank_stability({{1, 2}, {3}, {4, 5}}), std::invalid_argument);
  EXPECT_THROW(rank_stability({{1, 2}, {3, std::nan("")}, {4, 5}}), std::invalid_argument);
}

}  // namespace
}  // namespace repbench
