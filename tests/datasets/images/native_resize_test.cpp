#include "datasets/images/native_resize.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <map>

#include "tests/datasets/golden.h"
#include "tests/datasets/noise_picture.h"

namespace repbench {
namespace {

const std::map<std::string, PixelKind> kModes = {{"L", PixelKind::plain},       {"RGB", PixelKind::plain},
                                                 {"1", PixelKind::bilevel},     {"P", PixelKind::palette},
                                                 {"LA", PixelKind::grey_alpha}, {"RGBA", PixelKind::rgba},
                                                 {"CMYK", PixelKind::cmyk},     {"I;16", PixelKind::grey16}};

TEST(NativeResize, EqualsPillowInEveryModeAndFilter) {
  const SafetensorsFile golden(golden_folder() / "pillow_filters.safetensors");
  std::map<std::string, int> compared;
  for (const auto& [key, tensor] : golden.tensors()) {
    char mode[16], filter[16];
    int height = 0, width = 0;
    if (std::sscanf(key.c_str(), "%15[^.].%15[^.].%dx%d", mode, filter, &height, &width) != 4) continue;
    Image source = as_image(golden.at(mode));
    source.kind = kModes.at(mode);
    const Image result = resize_native(source, height, width, parse_interpolation(filter));
    EXPECT_EQ(result.pixels, as_image(tensor).pixels) << key;
    EXPECT_EQ(result.kind, source.kind);
    ++compared[mode];
  }
  EXPECT_EQ(compared.size(), kModes.size());
  for (const auto& [mode, count] : compared) EXPECT_EQ(count, 30) << mode;
}

TEST(NativeResize, KeepsThePalette) {
  Image image = noise_picture(4, 4, 1);
  image.kind = PixelKind::palette;
  image.palette = {1, 2, 3, 4, 5, 6};
  EXPECT_EQ(resize_native(image, 2, 3, Interpolation::lanczos).palette, image.palette);
  EXPECT_EQ(center_crop_native(image, 2, 2).palette, image.palette);
}

TEST(NativeResize, ForgetsTheColourOfWhatCannotBeSeen) {
  // Half transparent red beside opaque blue: the red has no say.
  const Image image{1, 2, 4, {255, 0, 0, 0, 0, 0, 255, 255}, PixelKind::rgba};
  const Image pixel = resize_native(image, 1, 1, Interpolation::box);
  EXPECT_EQ(pixel.pixels, (std::vector<uint8_t>{0, 0, 255, 128}));
}

TEST(NativeCenterCrop, PadsWithZerosOfItsMode) {
  const Image image{1, 1, 2, {7, 9}, PixelKind::grey16};
  const Image padded = center_crop_native(image, 1, 3);
  EXPECT_EQ(padded.pixels, (std::vector<uint8_t>{0, 0, 7, 9, 0, 0}));
  EXPECT_EQ(padded.kind, PixelKind::grey16);
}

}  // namespace
}  // namespace repbench
