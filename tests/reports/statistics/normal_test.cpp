#include "reports/statistics/normal.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "golden_rows.h"

namespace repbench {
namespace {

TEST(NormalQuantile, EqualsScipy) {
  const Json rows = golden_rows("normal_quantile");
  ASSERT_GE(rows.size(), 15u);
  for (const Json& row : rows) {
    const double z = row.at("z");
    EXPECT_NEAR(normal_quantile(row.at("probability")), z, 1e-12 * std::max(1.0, std::abs(z))) << row;
  }
}

TEST(NormalQuantile, IsTheInverseOfTheTail) {
  for (double z = -8; z <= 8; z += 0.125)
    EXPECT_NEAR(normal_quantile(normal_tail(z)), -z, z < -5 ? 1e-2 : 1e-10) << z;  // 1 - 6e-16 has few digits
  EXPECT_EQ(normal_quantile(0.25), -normal_quantile(0.75));
}

TEST(NormalQuantile, RefusesWhatIsNoProbability) {
  for (const double probability : {0.0, 1.0, -0.1, 1.1, std::nan("")})
    EXPECT_THROW(normal_quantile(probability), std::invalid_argument) << probability;
}

TEST(NormalTail, EqualsScipyFarOut) {
  const Json rows = golden_rows("normal_tail");
  ASSERT_GE(rows.size(), 10u);
  for (const Json& row : rows) {
    const double p = row.at("p");
    EXPECT_NEAR(normal_tail(row.at("z")), p, 1e-12 * p) << row;
  }
}

}  // namespace
}  // namespace repbench
