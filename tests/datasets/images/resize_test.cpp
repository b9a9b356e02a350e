#include "datasets/images/resize.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "datasets/images/resample.h"
#include "tests/datasets/golden.h"
#include "tests/datasets/noise_picture.h"
#include "tests/files/error_message.h"

namespace repbench {
namespace {

constexpr Interpolation kAll[] = {Interpolation::nearest, Interpolation::bilinear, Interpolation::bicubic,
                                  Interpolation::box,     Interpolation::hamming,  Interpolation::lanczos};

// A key of the golden file: "rgb.bicubic.14x14.crop=3,2,25,20".
struct Case {
  std::string source, filter, how;
  int height = 0, width = 0;
  int left = 0, top = 0, right = 0, bottom = 0;
};

std::optional<Case> parse(const std::string& key) {
  char source[32], filter[32], how[32] = "";
  Case c;
  const int read = std::sscanf(key.c_str(), "%31[^.].%31[^.].%dx%d.%31[^=]=%d,%d,%d,%d", source, filter,
                               &c.height, &c.width, how, &c.left, &c.top, &c.right, &c.bottom);
  if (read != 4 && read != 9) return std::nullopt;
  c.source = source;
  c.filter = filter;
  c.how = how;
  return c;
}

Image compute(const Image& source, const Case& c) {
  const Interpolation interpolation = parse_interpolation(c.filter);
  if (c.how == "crop") {
    const Image part = crop(source, c.top, c.left, c.bottom - c.top, c.right - c.left);
    return resize(part, c.height, c.width, interpolation);
  }
  if (c.how == "box") {
    const Box box{double(c.left), double(c.top), double(c.right), double(c.bottom)};
    return resize(source, c.height, c.width, interpolation, box);
  }
  return resize(source, c.height, c.width, interpolation);
}

TEST(Resize, EqualsPillowInEveryBit) {
  const SafetensorsFile golden(golden_folder() / "pillow_resize.safetensors");
  int compared = 0;
  for (const auto& [key, tensor] : golden.tensors()) {
    const auto c = parse(key);
    if (!c) continue;
    const Image result = compute(as_image(golden.at(c->source)), *c);
    EXPECT_EQ(result.pixels, as_image(tensor).pixels) << key;
    ++compared;
  }
  EXPECT_GT(compared, 50);
}

TEST(Resize, EqualsTheSharedGoldenFile) {
  const char* folder = std::getenv("REPBENCH_GOLDEN");
  if (folder == nullptr) GTEST_SKIP() << "REPBENCH_GOLDEN is not set";
  const SafetensorsFile golden(std::filesystem::path(folder) / "pillow_resize.safetensors");
  const Image source = as_image(golden.at("src"));
  for (const auto& [key, tensor] : golden.tensors()) {
    const auto c = parse("src." + key);
    if (!c) continue;
    const Image result = resize(source, c->height, c->width, parse_interpolation(c->filter));
    EXPECT_EQ(result.pixels, as_image(tensor).pixels) << key;
  }
}

TEST(Resize, StartsWithTheRowsWhereTheyShrinkMuchMore) {
  // Rounding in between makes the order visible.
  const Image tall = noise_picture(9, 2, 1);
  const Image rows_first = resize(resize(tall, 1, 2, Interpolation::bicubic), 1, 5, Interpolation::bicubic);
  EXPECT_EQ(resize(tall, 1, 5, Interpolation::bicubic).pixels, rows_first.pixels);
  const Image wide = noise_picture(2, 9, 1);
  const Image columns_first =
      resize(resize(wide, 2, 1, Interpolation::bicubic), 5, 1, Interpolation::bicubic);
  EXPECT_EQ(resize(wide, 5, 1, Interpolation::bicubic).pixels, columns_first.pixels);
}

TEST(Resize, LeavesAPictureOfTheRightSizeAlone) {
  const Image image = noise_picture(13, 17, 3);
  for (const Interpolation interpolation : kAll) {
    EXPECT_EQ(resize(image, 13, 17, interpolation).pixels, image.pixels);
  }
}

TEST(Resize, KeepsAFlatPictureFlat) {
  for (const int grey : {0, 1, 128, 254, 255}) {
    Image image = noise_picture(31, 23, 3);
    std::fill(image.pixels.begin(), image.pixels.end(), static_cast<uint8_t>(grey));
    for (const Interpolation interpolation : kAll) {
      for (const uint8_t value : resize(image, 7, 40, interpolation).pixels) ASSERT_EQ(value, grey);
    }
  }
}

TEST(Resize, TreatsEveryChannelAlike) {
  const Image grey = noise_picture(20, 31, 1);
  Image colour{20, 31, 3, {}};
  for (const uint8_t value : grey.pixels) colour.pixels.insert(colour.pixels.end(), 3, value);
  for (const Interpolation interpolation : kAll) {
    const Image small = resize(grey, 9, 14, interpolation), same = resize(colour, 9, 14, interpolation);
    for (size_t i = 0; i < same.pixels.size(); ++i) ASSERT_EQ(same.pixels[i], small.pixels[i / 3]);
  }
}

TEST(Resize, TakesTheMiddleOfEachCellAsNearest) {
  const Image image{1, 4, 1, {10, 20, 30, 40}};
  EXPECT_EQ(resize(image, 1, 2, Interpolation::nearest).pixels, (std::vector<uint8_t>{20, 40}));
  EXPECT_EQ(resize(image, 2, 8, Interpolation::nearest).pixels,
            (std::vector<uint8_t>{10, 10, 20, 20, 30, 30, 40, 40, 10, 10, 20, 20, 30, 30, 40, 40}));
}

TEST(Resize, ComputesAWindowAsItLiesInTheWhole) {
  for (const int channels : {1, 3}) {
    const Image image = noise_picture(61, 47, channels);
    for (const auto& [height, width] : {std::pair{40, 30}, {61, 30}, {40, 47}, {61, 47}, {9, 80}}) {
      for (const Interpolation interpolation : kAll) {
        const CropWindow window{height / 3, width / 4, height / 2, width / 2};
        std::vector<uint8_t> part(static_cast<size_t>(window.height) * window.width * channels);
        resample(whole_picture(view_of(image)), height, width, interpolation, {0, 0, 47, 61}, window,
                 part.data());
        const Image whole = resize(image, height, width, interpolation);
        EXPECT_EQ(part, crop(whole, window.top, window.left, window.height, window.width).pixels);
      }
    }
  }
}

TEST(Resize, SaysWhichPixelsAWindowNeeds) {
  const Image image = noise_picture(61, 47, 3);
  for (const auto& [height, width] : {std::pair{40, 30}, {61, 30}, {40, 47}, {61, 47}, {9, 80}, {7, 5}}) {
    for (const Interpolation interpolation : kAll) {
      const CropWindow window{height / 3, width / 4, height / 2, width / 2};
      const CropWindow needed = resample_source(61, 47, height, width, interpolation, window);
      ASSERT_TRUE(needed.top >= 0 && needed.left >= 0 && needed.top + needed.height <= 61 &&
                  needed.left + needed.width <= 47);
      const Image cut = crop(image, needed.top, needed.left, needed.height, needed.width);
      std::vector<uint8_t> part(static_cast<size_t>(window.height) * window.width * 3);
      resample({view_of(cut), needed.top, needed.left, 61, 47}, height, width, interpolation, {0, 0, 47, 61},
               window, part.data());
      const Image whole = resize(image, height, width, interpolation);
      EXPECT_EQ(part, crop(whole, window.top, window.left, window.height, window.width).pixels);
    }
  }
  const CropWindow middle = resample_source(1000, 1000, 100, 100, Interpolation::bilinear, {40, 10, 20, 30});
  EXPECT_EQ(middle.top, 395);
  EXPECT_EQ(middle.height, 210);
  EXPECT_EQ(middle.left, 95);
  EXPECT_EQ(middle.width, 310);
}

TEST(Resize, NamesABoxThatLeavesThePictureAndAnEmptySize) {
  const Image image = noise_picture(4, 6, 1);
  const auto message = error_message<std::invalid_argument>([&] {
    resize(image, 2, 2, Interpolation::bicubic, Box{0, 0, 7, 4});
  });
  EXPECT_PRED2(contains, message, "box inside the 4x6 picture");
  EXPECT_PRED2(contains, message, "right 7");
  EXPECT_THROW(resize(image, 2, 2, Interpolation::bicubic, Box{3, 0, 3, 4}), std::invalid_argument);
  EXPECT_THROW(resize(image, 0, 2, Interpolation::bicubic), std::invalid_argument);
}

TEST(Crop, FillsWhatLiesOutsideWithBlack) {
  const Image image{2, 2, 1, {1, 2, 3, 4}};
  EXPECT_EQ(crop(image, -1, -1, 3, 3).pixels, (std::vector<uint8_t>{0, 0, 0, 0, 1, 2, 0, 3, 4}));
  EXPECT_EQ(crop(image, 1, 1, 2, 2).pixels, (std::vector<uint8_t>{4, 0, 0, 0}));
  EXPECT_EQ(crop(image, 5, 5, 1, 2).pixels, (std::vector<uint8_t>{0, 0}));
}

TEST(Flip, MirrorsPixelsAndNotChannels) {
  const Image image{1, 3, 3, {1, 2, 3, 4, 5, 6, 7, 8, 9}};
  EXPECT_EQ(flip_horizontally(image).pixels, (std::vector<uint8_t>{7, 8, 9, 4, 5, 6, 1, 2, 3}));
}

TEST(Interpolation, IsNamedAndParsed) {
  for (const Interpolation interpolation : kAll)
    EXPECT_EQ(parse_interpolation(name(interpolation)), interpolation);
  const auto message = error_message<std::invalid_argument>([] { parse_interpolation("cubic"); });
  EXPECT_PRED2(contains, message, "nearest, bilinear, bicubic, box, hamming, lanczos");
  EXPECT_PRED2(contains, message, "'cubic' (did you mean 'bicubic'?)");
}

}  // namespace
}  // namespace repbench
