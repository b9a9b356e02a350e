#include "reports/statistics/intervals.h"

#include <gtest/gtest.h>

#include <cmath>
#include <tuple>

#include "golden_rows.h"

namespace repbench {
namespace {

TEST(Wilson, EqualsScipy) {
  int compared = 0;
  const Json rows = golden_rows("wilson");
  for (const Json& row : rows) {
    if (row.at("confidence") != 0.95) continue;
    const Interval interval = wilson_interval(row.at("k"), row.at("n"));
    EXPECT_NEAR(interval.low, row.at("low").get<double>(), 1e-12) << row;
    EXPECT_NEAR(interval.high, row.at("high").get<double>(), 1e-12) << row;
    ++compared;
  }
  EXPECT_GE(compared, 10);
}

TEST(Wilson, StaysInsideZeroToOneAtTheEnds) {
  EXPECT_EQ(wilson_interval(0, 50).low, 0);
  EXPECT_GT(wilson_interval(0, 50).high, 0);
  EXPECT_EQ(wilson_interval(50, 50).high, 1);
  EXPECT_LT(wilson_interval(50, 50).low, 1);
}

TEST(Wilson, RefusesImpossibleCounts) {
  EXPECT_THROW(wilson_interval(0, 0), std::invalid_argument);
  EXPECT_THROW(wilson_interval(3, 2), std::invalid_argument);
  EXPECT_THROW(wilson_interval(-1, 2), std::invalid_argument);
}

TEST(BinomialStandardError, IsThatOfAShare) {
  EXPECT_NEAR(binomial_standard_error(9000, 10000), 0.003, 1e-15);
  EXPECT_EQ(binomial_standard_error(10, 10), 0);
}

TEST(StudentT, EqualsScipy) {
  const std::vector<std::tuple<double, int64_t, double>> expected = {
      {0.975, 1, 12.706204736174694}, {0.975, 2, 4.302652729749462},     {0.975, 4, 2.7764451051977934},
      {0.975, 29, 2.045229642132703}, {0.975, 1000, 1.9623390808264083}, {0.975, 1000000, 1.959966356814107},
      {0.95, 3, 2.3533634348018233},  {0.995, 1, 63.656741162871526},    {0.75, 7, 0.7111417780817866},
      {0.9995, 5, 6.868826625881276}};
  for (const auto& [probability, freedom, t] : expected) {
    EXPECT_NEAR(student_t_quantile(probability, freedom), t, 1e-9 * t) << probability << " " << freedom;
    EXPECT_NEAR(student_t_quantile(1 - probability, freedom), -t, 1e-9 * t) << probability << " " << freedom;
  }
  EXPECT_EQ(student_t_quantile(0.5, 3), 0);
  EXPECT_THROW(student_t_quantile(1, 3), std::invalid_argument);
  EXPECT_THROW(student_t_quantile(0.9, 0), std::invalid_argument);
}

TEST(StudentTTail, EqualsScipy) {
  const Json rows = golden_rows("student_t_tail");
  ASSERT_GE(rows.size(), 50u);
  for (const Json& row : rows) {
    const double p = row.at("p");
    EXPECT_NEAR(student_t_tail(row.at("t"), row.at("freedom")), p, 1e-9 * p) << row;
  }
}

TEST(StudentTTail, IsTheInverseOfTheQuantile) {
  for (const int64_t freedom : {1, 4, 30}) {
    for (const double tail : {0.4, 0.025, 1e-6})
      EXPECT_NEAR(student_t_tail(student_t_quantile(1 - tail, freedom), static_cast<double>(freedom)), tail,
                  1e-9 * tail);
  }
  EXPECT_EQ(student_t_tail(HUGE_VAL, 3), 0);
  EXPECT_EQ(student_t_tail(-HUGE_VAL, 3), 1);
}

TEST(StudentTTail, RefusesNoFreedomAndNoNumber) {
  EXPECT_THROW(student_t_tail(1, 0), std::invalid_argument);
  EXPECT_THROW(student_t_tail(1, HUGE_VAL), std::invalid_argument);
  EXPECT_THROW(student_t_tail(std::nan(""), 3), std::invalid_argument);
}

TEST(MeanAndDeviation, EqualsScipyOverFourSeeds) {
  const std::vector<double> values = {0.801, 0.809, 0.7985, 0.8125};
  const MeanAndDeviation result = mean_and_deviation(values);
  EXPECT_EQ(result.n, 4);
  EXPECT_NEAR(result.mean, 0.80525, 1e-15);
  EXPECT_NEAR(result.standard_deviation, 0.006589132466923603, 1e-15);
  EXPECT_NEAR(result.interval.low, 0.794765219862807, 1e-12);
  EXPECT_NEAR(result.interval.high, 0.815734780137193, 1e-12);
}

TEST(MeanAndDeviation, OfOneValueHasNoWidth) {
  const std::vector<double> one = {0.7};
  const MeanAndDeviation result = mean_and_deviation(one);
  EXPECT_EQ(result.standard_deviation, 0);
  EXPECT_EQ(result.interval.low, 0.7);
  EXPECT_EQ(result.interval.high, 0.7);
  EXPECT_THROW(mean_and_deviation({}), std::invalid_argument);
}

TEST(Quantile, InterpolatesAsNumpyDoes) {
  const std::vector<double> values = {3, 1, 4, 1, 5, 9};
  const std::vector<std::pair<double, double>> expected = {{0, 1},     {0.1, 1}, {0.25, 1.5},
                                                           {0.5, 3.5}, {0.9, 7}, {1, 9}};
  for (const auto& [q, value] : expected) EXPECT_DOUBLE_EQ(quantile(values, q), value) << q;
  EXPECT_EQ(quantile({2}, 0.3), 2);
  EXPECT_THROW(quantile({}, 0.5), std::invalid_argument);
  EXPECT_THROW(quantile({1}, 1.5), std::invalid_argument);
}

}  // namespace
}  // namespace repbench
