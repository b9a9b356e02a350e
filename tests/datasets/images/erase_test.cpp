#include "datasets/images/erase.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "datasets/images/operations.h"
#include "tests/datasets/golden.h"
#include "tests/datasets/images/distribution.h"

namespace repbench {
namespace {

constexpr int kSide = 64;

RandomStream stream_of(uint64_t item) { return RandomStream(5, Purpose::view, 0, item); }

TEST(Erase, DrawsTheRectanglesThatTimmDraws) {
  constexpr int kPictures = 10'000;
  std::map<std::string, std::vector<double>> drawn;
  for (uint64_t item = 0; item < kPictures; ++item) {
    RandomStream stream = stream_of(item);
    const CropWindow w = draw_erased(kSide, kSide, stream);
    ASSERT_GT(w.height, 0);
    ASSERT_TRUE(w.top + w.height <= kSide && w.left + w.width <= kSide);
    drawn["area"].push_back(double(w.height) * w.width / kSide / kSide);
    drawn["ratio"].push_back(double(w.height) / w.width);
    drawn["top"].push_back(double(w.top) / (kSide - w.height));
    drawn["left"].push_back(double(w.left) / (kSide - w.width));
  }
  const Json golden = read_json(golden_folder() / "augment_policies.json");
  ASSERT_EQ(golden["erasing"].size(), 4U);
  for (const Json& row : golden["erasing"]) {
    EXPECT_LT(distribution_gap(drawn.at(row["name"]), row), allowed_gap(kPictures, row["erased"]))
        << row["name"];
  }
}

TEST(Erase, HappensAsOftenAsItsProbability) {
  const auto operation = make_operation("erase:0.25");
  int erased = 0;
  for (uint64_t item = 0; item < 4000; ++item) {
    std::vector<uint8_t> pixels(16 * 16 * 3, 1);
    RandomStream stream = stream_of(item);
    operation->apply({pixels.data(), 16, 16, 3}, stream);
    erased += std::set<uint8_t>(pixels.begin(), pixels.end()).size() > 1;
  }
  EXPECT_NEAR(erased, 1000, 110);  // four standard deviations
}

TEST(Erase, FillsWithTheMeanColourOneColourOrNoise) {
  const CropWindow window{1, 2, 30, 40};
  std::map<EraseMode, std::set<std::vector<uint8_t>>> colours;
  for (const EraseMode mode : {EraseMode::constant, EraseMode::random, EraseMode::pixel}) {
    std::vector<uint8_t> pixels(kSide * kSide * 3, 1);
    RandomStream stream = stream_of(1);
    erase({pixels.data(), kSide, kSide, 3}, window, mode, stream);
    size_t changed = 0;
    for (size_t i = 0; i < pixels.size(); i += 3) {
      const std::vector<uint8_t> pixel(pixels.begin() + i, pixels.begin() + i + 3);
      if (pixel == std::vector<uint8_t>{1, 1, 1}) continue;
      colours[mode].insert(pixel);
      ++changed;
    }
    EXPECT_EQ(changed, 1200U);
  }
  EXPECT_EQ(colours[EraseMode::constant], (std::set<std::vector<uint8_t>>{{124, 116, 104}}));
  EXPECT_EQ(colours[EraseMode::random].size(), 1U);
  EXPECT_NE(colours[EraseMode::random], colours[EraseMode::constant]);
  EXPECT_GT(colours[EraseMode::pixel].size(), 1000U);
}

TEST(Erase, MakesNoiseOfTheDeclaredMeanAndDeviation) {
  std::vector<uint8_t> pixels(kSide * kSide, 0);
  RandomStream stream = stream_of(2);
  erase({pixels.data(), kSide, kSide, 1}, {0, 0, kSide, kSide}, EraseMode::pixel, stream);
  double sum = 0, squares = 0;
  for (const uint8_t value : pixels) sum += value;
  const double mean = sum / pixels.size();
  for (const uint8_t value : pixels) squares += (value - mean) * (value - mean);
  EXPECT_NEAR(mean, 0.449 * 255, 4.0);
  EXPECT_NEAR(std::sqrt(squares / pixels.size()), 0.226 * 255, 3.0);
}

TEST(Erase, LeavesAPictureWithoutRoomAlone) {
  RandomStream stream = stream_of(3);
  EXPECT_EQ(draw_erased(1, 1, stream).height, 0);
}

}  // namespace
}  // namespace repbench
