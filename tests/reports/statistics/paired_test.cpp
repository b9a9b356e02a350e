#include "reports/statistics/paired.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <tuple>
#include <vector>

#include "files/json.h"

namespace repbench {
namespace {

Json golden() {
  return read_json(std::filesystem::path(REPBENCH_SOURCE_DIR) / "tests/golden/statistics.json");
}

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
  const Json rows = golden().at("mcnemar_mid_p");
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
}

}  // namespace
}  // namespace repbench
