#include "datasets/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <stdexcept>

namespace repbench {
namespace {

using Block = std::array<uint32_t, 4>;

// Random123's kat_vectors.
TEST(Philox, GivesTheKnownAnswers) {
  constexpr uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({ones, ones, ones, ones}, {ones, ones}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomStream, RepeatsItselfForTheSameArguments) {
  RandomStream first(7, Purpose::view, 3, 11), second(7, Purpose::view, 3, 11);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(first.bits(), second.bits());
}

TEST(RandomStream, SharesNoNumbersBetweenSeedsPurposesEpochsAndItems) {
  std::set<uint64_t> seen;
  int64_t drawn = 0;
  const auto draw = [&](RandomStream stream) {
    for (int i = 0; i < 8; ++i, ++drawn) {
      const uint64_t upper = stream.bits();
      seen.insert(upper << 32 | stream.bits());
    }
  };
  for (const uint64_t big : {uint64_t{1}, uint64_t{1} << 32, uint64_t{1} << 63}) {
    draw(RandomStream(big, Purpose::view, 0, 0));
    draw(RandomStream(0, Purpose::view, 0, big));
  }
  for (const Purpose purpose : {Purpose::shuffle, Purpose::view, Purpose::mask, Purpose::dropout}) {
    for (const uint64_t epoch : {0, 1, 2, (1 << 24) - 1}) draw(RandomStream(0, purpose, epoch, 0));
  }
  EXPECT_EQ(static_cast<int64_t>(seen.size()), drawn);
}

TEST(RandomStream, RefusesAnEpochThatWouldMeetAnotherPurpose) {
  EXPECT_THROW(RandomStream(0, Purpose::view, 1 << 24, 0), std::invalid_argument);
}

TEST(RandomStream, DrawsUniformNumbersEvenly) {
  RandomStream stream(1, Purpose::mask, 0, 0);
  constexpr int draws = 200'000, bins = 20;
  std::array<int, bins> counts{};
  for (int i = 0; i < draws; ++i) {
    const double u = stream.uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    ++counts[static_cast<int>(u * bins)];
  }
  double chi_square = 0;
  for (const int count : counts) chi_square += std::pow(count - draws / bins, 2) / (draws / bins);
  EXPECT_LT(chi_square, 43.8);  // 19 degrees of freedom, p = 0.001
}

TEST(RandomStream, DrawsIntegersEvenlyInSmallAndHugeRanges) {
  RandomStream stream(2, Purpose::mask, 0, 0);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70'000; ++i) ++counts[stream.integer(7)];
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 400);

  constexpr int64_t huge = int64_t{3} << 60;  // a plain remainder would favour the lower third
  int low = 0;
  for (int i = 0; i < 30'000; ++i) {
    const int64_t value = stream.integer(huge);
    ASSERT_GE(value, 0);
    ASSERT_LT(value, huge);
    low += value < huge / 3;
  }
  EXPECT_NEAR(low, 10'000, 350);
  EXPECT_EQ(stream.integer(1), 0);
  EXPECT_THROW(stream.integer(0), std::invalid_argument);
}

TEST(RandomStream, DrawsStandardNormalNumbers) {
  RandomStream stream(3, Purpose::initialise, 0, 0);
  constexpr int draws = 200'000;
  double sum = 0, squares = 0, within = 0;
  for (int i = 0; i < draws; ++i) {
    const double x = stream.normal();
    sum += x;
    squares += x * x;
    within += std::abs(x) < 1.0;
  }
  EXPECT_NEAR(sum / draws, 0.0, 0.01);
  EXPECT_NEAR(squares / draws, 1.0, 0.015);
  EXPECT_NEAR(within / draws, 0.6827, 0.005);
}

TEST(Hash64, TellsSimilarNamesApartInEveryBit) {
  const uint64_t a = hash64("train/00017"), b = hash64("train/00018");
  EXPECT_NE(a, b);
  EXPECT_GT(__builtin_popcountll(a ^ b), 15);
  EXPECT_EQ(hash64(""), hash64(""));
}

TEST(Permutation, HoldsEachPositionOnceAndChangesWithSeedAndEpoch) {
  const auto order = permutation(1000, 5, 0);
  auto sorted = order;
  std::sort(sorted.begin(), sorted.end());
  std::vector<int64_t> identity(1000);
  std::iota(identity.begin(), identity.end(), 0);
  EXPECT_EQ(sorted, identity);
  EXPECT_EQ(order, permutation(1000, 5, 0));
  EXPECT_NE(order, permutation(1000, 5, 1));
  EXPECT_NE(order, permutation(1000, 6, 0));
  EXPECT_TRUE(permutation(0, 1, 0).empty());
}

TEST(Permutation, FavoursNoOrder) {
  std::array<int, 24> counts{};
  for (int seed = 0; seed < 24'000; ++seed) {
    const auto order = permutation(4, seed, 0);
    std::array<int64_t, 4> code{order[0], order[1], order[2], order[3]}, sorted{0, 1, 2, 3};
    int rank = 0;
    while (sorted != code) {
      std::next_permutation(sorted.begin(), sorted.end());
      ++rank;
    }
    ++counts[rank];
  }
  for (const int count : counts) EXPECT_NEAR(count, 1000, 130);
}

}  // namespace
}  // namespace repbench
