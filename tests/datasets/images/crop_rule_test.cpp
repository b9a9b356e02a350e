#include "datasets/images/crop_rule.h"

#include <gtest/gtest.h>

#include <vector>

#include <algorithm>
#include <cmath>

#include "datasets/images/views.h"
#include "files/json.h"
#include "tests/datasets/golden.h"

namespace repbench {
namespace {

Range range_of(const Json& pair) { return {pair[0].get<double>(), pair[1].get<double>()}; }

TEST(CropRule, TakesTorchvisionsCropForTheSameNumbers) {
  const Json golden = read_json(golden_folder() / "random_resized_crop.json");
  for (const Json& row : golden["cases"]) {
    const auto numbers = row["uniforms"].get<std::vector<double>>();
    size_t used = 0;
    const CropWindow window = random_resized_crop(row["height"], row["width"], range_of(row["scale"]),
                                                  range_of(row["ratio"]), [&] { return numbers.at(used++); });
    const Json got = {
        {"top", window.top}, {"left", window.left}, {"height", window.height}, {"width", window.width}};
    EXPECT_EQ(got, row["crop"]) << row["name"];
    EXPECT_EQ(used, numbers.size()) << row["name"];
  }
}

TEST(CropRule, SpreadsAreaRatioAndPlaceAsPromised) {
  RandomStream stream(1, Purpose::view, 0, 0);
  constexpr int draws = 20'000, side = 1000;
  int small = 0, upright = 0, upper = 0, placed = 0;
  for (int i = 0; i < draws; ++i) {
    const CropWindow w = random_resized_crop(side, side, 0.2, 0.6, stream);
    const double area = double(w.height) * w.width / (side * side), ratio = double(w.width) / w.height;
    ASSERT_GE(w.top, 0);
    ASSERT_GE(w.left, 0);
    ASSERT_LE(w.top + w.height, side);
    ASSERT_LE(w.left + w.width, side);
    ASSERT_GT(area, 0.2 - 0.005);
    ASSERT_LT(area, 0.6 + 0.005);
    ASSERT_GT(ratio, 0.75 - 0.01);
    ASSERT_LT(ratio, 4.0 / 3.0 + 0.01);
    small += area < 0.4;
    upright += ratio < 1.0;
    if (w.height < side) {
      ++placed;
      upper += 2 * w.top < side - w.height;
    }
  }
  EXPECT_NEAR(small, draws / 2, 300);    // uniform in area
  EXPECT_NEAR(upright, draws / 2, 300);  // uniform in the logarithm of the ratio
  EXPECT_NEAR(upper, placed / 2, 300);
}

TEST(CropRule, FallsBackToTheCentreOfAStrip) {
  RandomStream stream(1, Purpose::view, 0, 0);
  const CropWindow wide = random_resized_crop(10, 1000, 0.9, 1.0, stream);
  EXPECT_EQ(wide.height, 10);
  EXPECT_EQ(wide.width, 13);
  EXPECT_EQ(wide.left, 493);
  const CropWindow tall = random_resized_crop(1000, 12, 0.9, 1.0, stream);
  EXPECT_EQ(tall.width, 12);
  EXPECT_EQ(tall.height, 16);
  EXPECT_EQ(tall.top, 492);
}

// torchvision.transforms.functional.center_crop: halves are rounded to even.
TEST(CenterCrop, RoundsAsPythonDoes) {
  const auto start = [](int side, int size) { return center_crop(side, 1000, size).top; };
  EXPECT_EQ(start(256, 224), 16);
  EXPECT_EQ(start(225, 224), 0);  // 0.5
  EXPECT_EQ(start(227, 224), 2);  // 1.5
  EXPECT_EQ(start(229, 224), 2);  // 2.5
  EXPECT_EQ(start(100, 128), -14);
  EXPECT_EQ(start(101, 128), -13);  // 13 above, 14 below
}

TEST(SingleCrop, ClampsItsOneDrawToThePicture) {
  const auto crop_of = [](int height, int width, std::vector<double> numbers) {
    size_t used = 0;
    const CropWindow window =
        single_crop(height, width, {0.08, 1.0}, {3.0 / 4, 4.0 / 3}, [&] { return numbers.at(used++); });
    EXPECT_EQ(used, 4U);
    return std::vector<int>{window.top, window.left, window.height, window.width};
  };
  // Area 0.54 * 5000 = 2700, ratio 1: 52 x 52, of which 50 fit; 0.5 of the room of 49 columns.
  EXPECT_EQ(crop_of(50, 100, {0.5, 0.5, 0.9, 0.5}), (std::vector<int>{0, 24, 50, 52}));
  // The whole area at 4 : 3: sqrt(5000 * 4 / 3) = 81.6 wide, 61.2 high, clamped.
  EXPECT_EQ(crop_of(50, 100, {0.9999999, 0.9999999, 0.0, 0.9999999}), (std::vector<int>{0, 18, 50, 82}));
  // 0.08 of a pixel is a pixel.
  EXPECT_EQ(crop_of(1, 1, {0.0, 0.5, 0.5, 0.5}), (std::vector<int>{0, 0, 1, 1}));
}

}  // namespace
}  // namespace repbench
