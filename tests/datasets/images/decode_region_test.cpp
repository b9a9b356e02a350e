#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "datasets/images/decode.h"
#include "datasets/random.h"
#include "files/atomic.h"
#include "tests/datasets/images/golden_pictures.h"
#include "tests/files/error_message.h"

namespace repbench {
namespace {

CropWindow random_window(RandomStream& stream, int height, int width) {
  const auto below = [&](int end) { return static_cast<int>(stream.integer(end)); };
  const int top = below(height), left = below(width);
  return {top, left, 1 + below(height - top), 1 + below(width - left)};
}

/// Windows of random places and sizes, and the whole.
void expect_equal_windows(const std::string& content, const std::string& name, int count) {
  RandomStream stream(1, Purpose::view, 0, hash64(name));
  for (const int channels : {1, 3}) {
    const Image whole = decode(bytes_of(content), channels, name);
    for (int i = 0; i < count; ++i) {
      const CropWindow window = i == 0 ? CropWindow{0, 0, whole.height, whole.width}
                                       : random_window(stream, whole.height, whole.width);
      const Image region = decode_region(bytes_of(content), channels, window, name);
      const Image expected = crop(whole, window.top, window.left, window.height, window.width);
      ASSERT_EQ(region.channels, channels);
      ASSERT_EQ(region.pixels, expected.pixels) << name << ": " << window.height << "x" << window.width
                                                << " at " << window.top << ", " << window.left;
    }
  }
}

TEST(DecodeRegion, EqualsThePartOfTheWholePicture) {
  for (const std::string name : {"420.jpg", "422.jpg", "444.jpg", "420_coarse.jpg", "progressive.jpg",
                                 "restart.jpg", "grey.jpg", "cmyk.jpg", "rgb.png", "palette.png"}) {
    expect_equal_windows(read_file(golden_folder() / "jpeg" / name), name, 150);
  }
}

TEST(DecodeRegion, EqualsThePartForEveryFormatAndSampling) {
  for (const std::string format : {"jpeg", "png", "webp", "bmp", "tiff"}) {
    for (const GoldenPicture& picture : golden_pictures(format)) {
      expect_equal_windows(picture.file, picture.name, 12);
    }
  }
}

TEST(DecodeRegion, EqualsThePartOfThePicturesOfOthers) {
  const char* data = std::getenv("REPBENCH_DATA");
  if (data == nullptr) GTEST_SKIP() << "REPBENCH_DATA is not set";
  int pictures = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(data) / "imagenet50")) {
    expect_equal_windows(read_file(entry.path()), entry.path().string(), 5);
    ++pictures;
  }
  EXPECT_GT(pictures, 0);
}

TEST(DecodeRegion, RefusesAWindowThatLeavesThePicture) {
  const std::string content = read_file(golden_folder() / "jpeg" / "420.jpg");
  for (const CropWindow window :
       {CropWindow{0, 0, 30, 5}, CropWindow{-1, 0, 5, 5}, CropWindow{0, 33, 5, 5}, CropWindow{28, 0, 2, 2},
        CropWindow{0, 0, 0, 5}, CropWindow{1, 1, 2147483647, 2147483647}}) {
    EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] {
                   decode_region(bytes_of(content), 3, window, "cat.jpg");
                 }),
                 "[decode] cat.jpg: expected a window inside 29x37; got ");
  }
  EXPECT_THROW(decode_region(bytes_of(content), 2, {0, 0, 1, 1}, "cat.jpg"), std::invalid_argument);
}

TEST(DecodeRegion, FindsAPictureThatIsCutBeforeOrWithinTheWindow) {
  const std::string content = read_file(golden_folder() / "jpeg" / "444.jpg");
  const std::string half = content.substr(0, content.size() / 2);
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] {
                 decode_region(bytes_of(half), 3, {20, 0, 9, 37}, "cat.jpg");
               }),
               "[decode] cat.jpg: expected a whole JPEG picture");
}

}  // namespace
}  // namespace repbench
