#include "reports/heat.h"

#include <gtest/gtest.h>

#include <array>
#include <stdexcept>

namespace repbench {
namespace {

double lightness(const Pixels& picture, size_t pixel) {
  const uint8_t* rgb = &picture.data.at(3 * pixel);
  return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
}

TEST(HeatColour, GetsEverLighter) {
  double before = -1;
  for (int i = 0; i <= 20; ++i) {
    const double now = lightness(heat_cell(i / 20.0), 0);
    EXPECT_GT(now, before) << i;
    before = now;
  }
  EXPECT_EQ(heat_colour(-3), heat_colour(0));
  EXPECT_EQ(heat_colour(7), heat_colour(1));
}

TEST(HeatOver, IsLightestWhereTheValueIsHighest) {
  const Pixels black{8, 8, 1, std::vector<uint8_t>(64, 0)};
  const std::array<float, 4> values = {0.1F, 0.2F, 0.3F, 0.9F};
  const Pixels heat = heat_over(black, values, 2, 2);
  EXPECT_EQ(heat.channels, 3);
  EXPECT_EQ(heat.data.size(), 192U);
  EXPECT_LT(lightness(heat, 0), lightness(heat, 7));
  EXPECT_LT(lightness(heat, 7), lightness(heat, 63));
}

TEST(HeatOver, LetsThePictureShineThrough) {
  Pixels picture{2, 2, 3, std::vector<uint8_t>(12, 0)};
  picture.data[3] = picture.data[4] = picture.data[5] = 255;
  const Pixels heat = heat_over(picture, std::array<float, 1>{1.0F}, 1, 1);
  EXPECT_GT(lightness(heat, 1), lightness(heat, 0) + 80);
}

TEST(HeatOver, RefusesAnotherNumberOfValues) {
  const Pixels picture{2, 2, 1, std::vector<uint8_t>(4, 0)};
  EXPECT_THROW(heat_over(picture, std::array<float, 3>{}, 2, 2), std::invalid_argument);
}

}  // namespace
}  // namespace repbench
