// Every format and mode against what Pillow holds of it.
#include <gtest/gtest.h>

#include <algorithm>

#include "datasets/images/decode.h"
#include "tests/datasets/images/golden_pictures.h"
#include "tests/files/error_message.h"

namespace repbench {
namespace {

std::string pillow_mode(const Image& image) {
  switch (image.kind) {
    case PixelKind::plain:
      return image.channels == 1 ? "L" : "RGB";
    case PixelKind::bilevel:
      return "1";
    case PixelKind::palette:
      return "P";
    case PixelKind::grey_alpha:
      return "LA";
    case PixelKind::rgba:
      return "RGBA";
    case PixelKind::cmyk:
      return "CMYK";
    case PixelKind::grey16:
      return "I16";
  }
  return "";
}

class DecodeModes : public testing::TestWithParam<std::string> {};

TEST_P(DecodeModes, EqualPillowInTheirOwnModeAndAsRgb) {
  const std::vector<GoldenPicture> pictures = golden_pictures(GetParam());
  EXPECT_GE(pictures.size(), 6u);
  for (const GoldenPicture& picture : pictures) {
    const Image native = decode_native(bytes_of(picture.file), picture.name);
    EXPECT_EQ(pillow_mode(native), picture.mode) << picture.name;
    EXPECT_EQ(native.pixels, picture.native.pixels) << picture.name;
    ASSERT_GE(native.palette.size(), picture.palette.size()) << picture.name;
    EXPECT_TRUE(std::equal(picture.palette.begin(), picture.palette.end(), native.palette.begin()))
        << picture.name;
    const Image rgb = decode(bytes_of(picture.file), 3, picture.name);
    EXPECT_EQ(rgb.height, picture.rgb.height) << picture.name;
    EXPECT_EQ(rgb.width, picture.rgb.width) << picture.name;
    EXPECT_EQ(rgb.pixels, picture.rgb.pixels) << picture.name;
  }
}

TEST_P(DecodeModes, SayTheirSizeWithoutPixels) {
  const std::string format = GetParam() == "jpeg"   ? "JPEG"
                             : GetParam() == "png"  ? "PNG"
                             : GetParam() == "webp" ? "WEBP"
                             : GetParam() == "bmp"  ? "BMP"
                                                    : "TIFF";
  for (const GoldenPicture& picture : golden_pictures(GetParam())) {
    const PictureInfo info = picture_info(bytes_of(picture.file), picture.name);
    EXPECT_EQ(info.format, format) << picture.name;
    EXPECT_EQ(info.height, picture.rgb.height) << picture.name;
    EXPECT_EQ(info.width, picture.rgb.width) << picture.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, DecodeModes, testing::Values("jpeg", "png", "webp", "bmp", "tiff"),
                         [](const auto& chosen) { return chosen.param; });

TEST(DecodeModes, TurnAPictureAsExifOrXmpSaysOnlyWhenAsked) {
  const std::vector<GoldenPicture> pictures = golden_pictures("oriented");
  EXPECT_EQ(pictures.size(), 72u);
  int turned = 0;
  for (const GoldenPicture& picture : pictures) {
    const Image image = decode(bytes_of(picture.file), 3, picture.name, {.apply_orientation = true});
    EXPECT_EQ(image.height, picture.rgb.height) << picture.name;
    EXPECT_EQ(image.width, picture.rgb.width) << picture.name;
    EXPECT_EQ(image.pixels, picture.rgb.pixels) << picture.name;
    const PictureInfo info = picture_info(bytes_of(picture.file), picture.name, {.apply_orientation = true});
    EXPECT_EQ(info.height, image.height) << picture.name;
    EXPECT_EQ(info.width, image.width) << picture.name;
    const Image plain = decode(bytes_of(picture.file), 3, picture.name);
    EXPECT_EQ(plain.height, 6) << picture.name;
    turned += plain.pixels != image.pixels ? 1 : 0;
  }
  EXPECT_EQ(turned, 63);  // all but those of orientation 1
}

// Pillow 13: Image.frombytes(MODE, ...).convert(...).
TEST(Convert, FollowsPillowForEveryKind) {
  const Image deep{1, 4, 2, {0, 0, 255, 0, 0, 1, 7, 200}, PixelKind::grey16};
  EXPECT_EQ(convert(deep, 1).pixels, (std::vector<uint8_t>{0, 255, 255, 255}));
  const Image inks{1, 2, 4, {255, 0, 0, 0, 10, 200, 30, 100}, PixelKind::cmyk};
  EXPECT_EQ(convert(inks, 3).pixels, (std::vector<uint8_t>{0, 255, 255, 149, 33, 137}));
  EXPECT_EQ(convert(inks, 1).pixels, (std::vector<uint8_t>{179, 80}));
  const Image indexed{1, 3, 1, {1, 0, 9}, PixelKind::palette, {9, 8, 7, 6, 5, 4}};
  EXPECT_EQ(convert(indexed, 3).pixels, (std::vector<uint8_t>{6, 5, 4, 9, 8, 7, 0, 0, 0}));
  EXPECT_EQ(convert(indexed, 1).pixels, (std::vector<uint8_t>{5, 8, 0}));
  const Image transparent{1, 2, 2, {7, 0, 250, 9}, PixelKind::grey_alpha};
  EXPECT_EQ(convert(transparent, 1).pixels, (std::vector<uint8_t>{7, 250}));
  EXPECT_EQ(convert(transparent, 3).kind, PixelKind::plain);
}

}  // namespace
}  // namespace repbench
