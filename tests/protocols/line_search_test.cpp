#include "protocols/solvers/line_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

namespace repbench {
namespace {

struct Curve {
  std::function<double(double)> value, slope;
};

/// The accepted step, or NaN.
double search(const Curve& curve) {
  LineSearch line(curve.value(0), curve.slope(0), 1e-14);
  while (line.trials() < 40) {
    const double step = line.step();
    if (line.accept(curve.value(step), curve.slope(step))) return step;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

TEST(LineSearch, TakesTheFullStepOfAGoodModel) {
  EXPECT_EQ(search({[](double t) { return (t - 1.1) * (t - 1.1); }, [](double t) { return 2 * (t - 1.1); }}),
            1);
}

TEST(LineSearch, GrowsAStepThatIsFarTooShort) {
  const Curve far{[](double t) { return std::pow(t - 1000, 2); }, [](double t) { return 2 * (t - 1000); }};
  const double step = search(far);
  EXPECT_GT(step, 100);
  EXPECT_LT(far.value(step), far.value(0));
}

TEST(LineSearch, ShrinksAStepThatIsFarTooLong) {
  const double step =
      search({[](double t) { return std::pow(t - 1e-4, 2); }, [](double t) { return 2 * (t - 1e-4); }});
  EXPECT_GT(step, 0);
  EXPECT_LT(step, 2e-4);
}

TEST(LineSearch, BacksOutOfInfinity) {
  const Curve wall{[](double t) { return t > 0.01 ? std::numeric_limits<double>::infinity() : -t; },
                   [](double) { return -1.0; }};
  LineSearch line(0, -1, 1e-14);
  EXPECT_FALSE(line.accept(wall.value(1), -1));
  EXPECT_LT(line.step(), 1);
}

TEST(LineSearch, AcceptsBySlopeWhereTheValueDrownsInRounding) {
  LineSearch line(1, -1e-16, 1e-14);
  EXPECT_TRUE(line.accept(1 + 2e-16, 1e-18));
}

}  // namespace
}  // namespace repbench
