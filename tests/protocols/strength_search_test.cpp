#include "protocols/strength_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "tests/files/error_message.h"

namespace repbench {
namespace {

/// Scores that are best at 10^`place`, and every strength that was asked for.
struct Peak {
  double place;
  std::vector<double> asked = {};

  std::vector<double> operator()(const std::vector<double>& strengths) {
    std::vector<double> scores;
    for (const double strength : strengths) {
      asked.push_back(strength);
      scores.push_back(-std::abs(std::log10(strength) - place));
    }
    return scores;
  }
};

std::vector<ScoredStrength> search(const StrengthSearch& options, Peak& peak) {
  return search_strengths(
      options, [&peak](const std::vector<double>& strengths) { return peak(strengths); }, "probe", "C");
}

TEST(StrengthSearch, TriesAListAsItStands) {
  Peak peak{0};
  const auto tried = search({.values = {10, 0.1, 1}}, peak);
  ASSERT_EQ(tried.size(), 3U);
  EXPECT_EQ(tried[1].strength, 0.1);
  EXPECT_EQ(best_of(tried).strength, 1);
}

TEST(StrengthSearch, SpacesDinoV2sFortyFiveValuesEvenlyInTheLogarithm) {
  Peak peak{-1};
  const auto tried = search({.mode = "log_grid", .values = {}, .low = 1e-6, .high = 1e5, .count = 45}, peak);
  ASSERT_EQ(tried.size(), 45U);
  EXPECT_DOUBLE_EQ(tried.front().strength, 1e-6);
  EXPECT_NEAR(tried.back().strength / 1e5, 1, 1e-12);
  for (size_t i = 1; i < tried.size(); ++i)
    EXPECT_NEAR(std::log10(tried[i].strength / tried[i - 1].strength), 0.25, 1e-9);
}

TEST(StrengthSearch, HalvesAroundTheBestDownToEightStepsADecade) {
  for (const double place : {-6.0, -4.3, -0.9, 0.0, 0.13, 2.7, 6.0}) {
    Peak peak{place};
    const auto tried = search({.mode = "coarse_to_fine", .values = {}}, peak);
    EXPECT_NEAR(std::log10(best_of(tried).strength), std::round(place * 8) / 8, 1e-9) << place;
    EXPECT_EQ(peak.asked.size(), tried.size()) << "nothing is fitted twice";
    EXPECT_LE(tried.size(), 7U + 2U * 4U);
    for (size_t i = 0; i < 7; ++i)
      EXPECT_NEAR(std::log10(peak.asked[i]), -6.0 + 2.0 * static_cast<double>(i), 1e-9)
          << "CLIP's first seven";
  }
}

TEST(StrengthSearch, GivesEqualScoresToTheStrongestPenalty) {
  const auto flat = [](const std::vector<double>& strengths) {
    return std::vector<double>(strengths.size(), 0.5);
  };
  const StrengthSearch of_C{.mode = "log_grid", .values = {}, .low = 0.01, .high = 100, .count = 5};
  StrengthSearch of_lambda = of_C;
  of_lambda.larger_is_stronger = true;
  EXPECT_NEAR(best_of(search_strengths(of_C, flat, "probe", "C")).strength, 0.01, 1e-12);
  EXPECT_NEAR(best_of(search_strengths(of_lambda, flat, "probe", "lambda")).strength, 100, 1e-9);
}

TEST(StrengthSearch, RefusesGridsThatItCannotSearch) {
  const auto message = [](const StrengthSearch& options) {
    Peak peak{0};
    return error_message<std::invalid_argument>([&] { search(options, peak); });
  };
  EXPECT_PRED2(contains, message({.values = {}}), "key 'C': expected at least one value");
  EXPECT_PRED2(contains, message({.mode = "coarse_to_fine", .values = {}, .count = 45}), "key 'grid.count'");
  EXPECT_PRED2(contains, message({.mode = "log_grid", .values = {}, .low = 10, .high = 1}), "key 'grid.low'");
}

}  // namespace
}  // namespace repbench
