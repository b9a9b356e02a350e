#include "datasets/images/decode.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "files/atomic.h"
#include "tests/datasets/golden.h"
#include "tests/files/error_message.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

Image decode_text(const std::string& content, int channels = 3, std::string_view name = "cat.jpg") {
  return decode(std::as_bytes(std::span(content.data(), content.size())), channels, name);
}

std::string golden_picture(const std::string& name) { return read_file(golden_folder() / "jpeg" / name); }

std::string decode_error(const std::string& content) {
  return error_message<std::runtime_error>([&] { decode_text(content); });
}

void put_big_endian(std::string& content, size_t at, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) content[at + i] = static_cast<char>(value >> (8 * (bytes - 1 - i)));
}

TEST(Decode, EqualsPillowForEveryGoldenPicture) {
  const SafetensorsFile golden(golden_folder() / "images.safetensors");
  EXPECT_GE(golden.tensors().size(), 15u);
  for (const auto& [name, tensor] : golden.tensors()) {
    const Image image = decode_text(golden_picture(name), 3, name);
    const Image expected = as_image(tensor);
    EXPECT_EQ(image.height, expected.height) << name;
    EXPECT_EQ(image.width, expected.width) << name;
    EXPECT_EQ(image.pixels, expected.pixels) << name;
  }
}

TEST(Decode, GivesOneChannelAsTheLumaOfTheColours) {
  for (const std::string name :
       {"420.jpg", "grey.jpg", "cmyk.jpg", "rgba.png", "palette.png", "grey_alpha.png"}) {
    const Image grey = decode_text(golden_picture(name), 1, name);
    EXPECT_EQ(grey.channels, 1);
    EXPECT_EQ(grey.pixels, convert(decode_text(golden_picture(name), 3, name), 1).pixels) << name;
  }
}

TEST(Convert, UsesPillowsFixedPointLuma) {
  // Pillow 13: Image.fromarray(...).convert("L").
  const Image colour{1, 6, 3, {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 10, 200, 30, 1, 2, 3}};
  EXPECT_EQ(convert(colour, 1).pixels, (std::vector<uint8_t>{76, 150, 29, 255, 124, 2}));
  const Image grey{1, 2, 1, {7, 250}};
  EXPECT_EQ(convert(grey, 3).pixels, (std::vector<uint8_t>{7, 7, 7, 250, 250, 250}));
  EXPECT_THROW(convert(grey, 2), std::invalid_argument);
}

TEST(Decode, FindsATruncatedJpegWhereverItIsCut) {
  for (const std::string name : {"420.jpg", "progressive.jpg", "grey.jpg", "restart.jpg", "cmyk.jpg"}) {
    const std::string whole = golden_picture(name);
    for (size_t cut = 1; cut < whole.size(); cut += 13) {
      EXPECT_PRED2(contains, decode_error(whole.substr(0, whole.size() - cut)), "[decode] cat.jpg: expected");
    }
  }
}

TEST(Decode, FindsATruncatedPngWhereverItIsCut) {
  for (const std::string name : {"rgb.png", "palette.png", "grey16.png"}) {
    const std::string whole = golden_picture(name);
    for (size_t cut = 1; cut < whole.size(); cut += 13) {
      EXPECT_PRED2(contains, decode_error(whole.substr(0, whole.size() - cut)), "[decode] cat.jpg: expected");
    }
  }
}

TEST(Decode, ToleratesAGarbageTail) {
  for (const std::string name : {"420.jpg", "rgb.png"}) {
    const std::string whole = golden_picture(name);
    EXPECT_EQ(decode_text(whole + "garbage").pixels, decode_text(whole).pixels);
  }
}

TEST(Decode, FindsDamagedData) {
  std::string png = golden_picture("rgb.png");
  png[png.size() / 2] = static_cast<char>(png[png.size() / 2] ^ 0x55);
  EXPECT_PRED2(contains, decode_error(png), "whole PNG picture");

  std::string jpeg = golden_picture("444.jpg");
  std::fill(jpeg.begin() + static_cast<int64_t>(jpeg.size()) - 500, jpeg.end() - 100, '\xff');
  EXPECT_PRED2(contains, decode_error(jpeg), "whole JPEG picture");
}

TEST(Decode, NeverFailsInAnotherWayOnDamagedBytes) {
  for (const std::string name : {"420.jpg", "progressive.jpg", "cmyk.jpg", "palette.png", "rgb16.png"}) {
    const std::string whole = golden_picture(name);
    for (size_t i = 0; i < whole.size(); i += 7) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 + i % 255));
      try {
        decode_text(damaged);
      } catch (const std::runtime_error& error) {
        EXPECT_PRED2(contains, error.what(), "[decode] cat.jpg");
      }
    }
  }
}

TEST(Decode, ChecksTheSizeBeforeItAllocates) {
  std::string png = golden_picture("rgb.png");
  put_big_endian(png, 16, 1u << 30, 4);
  put_big_endian(png, 20, 1u << 30, 4);
  EXPECT_PRED2(contains, decode_error(png), "at most 2^28 pixels; got 1073741824x1073741824");

  std::string jpeg = golden_picture("grey.jpg");
  const size_t frame = jpeg.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  put_big_endian(jpeg, frame + 5, 16000, 2);
  put_big_endian(jpeg, frame + 7, 16000, 2);
  EXPECT_PRED2(contains, decode_error(jpeg), "16000x16000 pixels announced, but too few bytes");
}

TEST(Decode, NamesWhatIsNoPicture) {
  EXPECT_PRED2(contains, decode_error(""),
               "[decode] cat.jpg: expected a JPEG, PNG, WebP, BMP or TIFF picture; got an empty file");
  EXPECT_PRED2(contains, decode_error("GIF89a"), "got bytes 47 49 46 38 39 61");
  EXPECT_PRED2(contains, decode_error("\xff\xd8\xff"), "[decode] cat.jpg");
  EXPECT_PRED2(contains, decode_error("\x89PNG\r\n\x1a\n"), "no IHDR chunk");
}

TEST(Decode, ReadsThePicturesOfOthers) {
  const char* data = std::getenv("REPBENCH_DATA");
  if (data == nullptr) GTEST_SKIP() << "REPBENCH_DATA is not set";
  int decoded = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(data) / "imagenet50")) {
    const Image image = decode_text(read_file(entry.path()), 3, entry.path().string());
    EXPECT_EQ(image.pixels.size(), size_t{3} * image.height * image.width);
    ++decoded;
  }
  EXPECT_GT(decoded, 0);
}

}  // namespace
}  // namespace repbench
