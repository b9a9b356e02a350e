#include "datasets/images/colour_jitter.h"

#include <gtest/gtest.h>

#include <map>

#include "datasets/images/colour.h"
#include "tests/datasets/golden.h"
#include "tests/datasets/images/distribution.h"
#include "tests/datasets/noise_picture.h"

namespace repbench {
namespace {

TEST(Jitter, DrawsWhatTorchvisionDraws) {
  constexpr int kPictures = 20'000;
  const char* const names[] = {"brightness", "contrast", "saturation", "hue"};
  std::map<std::string, std::vector<double>> values;
  std::map<std::string, double> orders;
  for (uint64_t item = 0; item < kPictures; ++item) {
    RandomStream stream(7, Purpose::view, 0, item);
    const JitterDraw draw = draw_jitter({0.4, 0.3, 1.2, 0.1}, stream);
    std::string order;
    for (const JitterPart part : draw.order) order += std::to_string(static_cast<int>(part));
    ++orders[order];
    for (size_t part = 0; part < 4; ++part) values[names[part]].push_back(draw.values[part]);
  }
  const Json golden = read_json(golden_folder() / "augment_policies.json");
  ASSERT_EQ(golden["jitter"].size(), 4U);
  for (const Json& row : golden["jitter"]) {
    EXPECT_LT(distribution_gap(values.at(row["name"]), row), allowed_gap(kPictures, row["count"]))
        << row["name"];
  }
  std::vector<double> ours, theirs;
  for (const Json& row : golden["orders"]) {
    ours.push_back(orders[row["order"]]);
    theirs.push_back(row["count"]);
  }
  EXPECT_EQ(ours.size(), 24U);
  EXPECT_LT(histogram_gap(ours, theirs), 1.0);
}

TEST(Jitter, DrawsNothingForARangeOfZero) {
  RandomStream stream(7, Purpose::view, 0, 0), other = stream;
  const JitterDraw draw = draw_jitter({0, 0, 0, 0}, stream);
  EXPECT_EQ(draw.values, (std::array<double, 4>{1, 1, 1, 0}));
  for (const int64_t count : {4, 3, 2}) other.integer(count);
  EXPECT_EQ(stream.bits(), other.bits());
}

TEST(Jitter, FollowsItsOrder) {
  const Image before = noise_picture(6, 6, 3);
  Image jittered = before, by_hand = before;
  const PixelBuffer pixels{by_hand.pixels.data(), 6, 6, 3};
  jitter({jittered.pixels.data(), 6, 6, 3},
         {{JitterPart::hue, JitterPart::saturation, JitterPart::brightness, JitterPart::contrast},
          {1.3, 0.7, 1.9, 0.2}});
  adjust_hue(pixels, 0.2);
  adjust_saturation(pixels, 1.9);
  adjust_brightness(pixels, 1.3);
  adjust_contrast(pixels, 0.7);
  EXPECT_EQ(jittered.pixels, by_hand.pixels);
  EXPECT_NE(jittered.pixels, before.pixels);
}

}  // namespace
}  // namespace repbench
