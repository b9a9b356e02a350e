// Broken, hostile and unusual files: pixels or one clear line, and never much memory.
#include <gtest/gtest.h>

#include <algorithm>

#include "datasets/images/decode.h"
#include "files/atomic.h"
#include "tests/datasets/images/golden_pictures.h"
#include "tests/files/error_message.h"

namespace repbench {
namespace {

const std::vector<std::string> kFormats = {"jpeg", "png", "webp", "bmp", "tiff"};

std::string decode_error(const std::string& content) {
  return error_message<std::runtime_error>([&] { decode(bytes_of(content), 3, "cat"); });
}

std::string info_error(const std::string& content) {
  return error_message<std::runtime_error>([&] { picture_info(bytes_of(content), "cat"); });
}

void put_little_endian(std::string& content, size_t at, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) content[at + i] = static_cast<char>(value >> (8 * i));
}

/// Where the value of a TIFF tag lies ("II", first directory).
size_t tiff_value(const std::string& content, uint16_t tag) {
  const auto number = [&](size_t at, int bytes) {
    uint32_t value = 0;
    for (int i = bytes - 1; i >= 0; --i) value = value << 8 | static_cast<uint8_t>(content.at(at + i));
    return value;
  };
  const size_t directory = number(4, 4);
  for (size_t i = 0; i < number(directory, 2); ++i) {
    if (number(directory + 2 + 12 * i, 2) == tag) return directory + 2 + 12 * i + 8;
  }
  ADD_FAILURE() << "no tag " << tag;
  return 0;
}

TEST(DamagedPictures, AreFoundWhereverTheyAreCut) {
  for (const std::string& format : kFormats) {
    for (const GoldenPicture& picture : golden_pictures(format)) {
      // BMP: the last row may lack its padding. JPEG with a tail, TIFF: what follows the pixels is not
      // needed.
      const bool exact =
          format == "webp" || format == "png" || (format == "jpeg" && picture.name != "tail.jpg");
      for (size_t size = 0; size < picture.file.size(); size += 1 + size / 40) {
        try {
          const Image image = decode(bytes_of(picture.file.substr(0, size)), 3, "cat");
          EXPECT_FALSE(exact) << picture.name << " cut to " << size << " bytes";
          EXPECT_EQ(image.pixels, picture.rgb.pixels) << picture.name << " cut to " << size << " bytes";
        } catch (const std::runtime_error& error) {
          EXPECT_PRED2(contains, error.what(), "[decode] cat: expected");
        }
      }
    }
  }
}

TEST(DamagedPictures, GivePixelsOrOneLineForEveryFlippedByte) {
  for (const std::string& format : kFormats) {
    for (const GoldenPicture& picture : golden_pictures(format)) {
      for (size_t i = 0; i < picture.file.size(); i += 3) {
        std::string damaged = picture.file;
        damaged[i] = static_cast<char>(damaged[i] ^ (1 + i * 37 % 255));
        try {
          decode_native(bytes_of(damaged), "cat", {.apply_orientation = true});
          trailing_bytes(bytes_of(damaged), "cat");
        } catch (const std::runtime_error& error) {
          const std::string line = error.what();
          EXPECT_PRED2(contains, line, "[decode] cat: expected");
          EXPECT_EQ(std::count_if(line.begin(), line.end(), [](char c) { return c >= 0 && c < ' '; }), 0)
              << line;
        }
      }
    }
  }
}

TEST(DamagedPictures, MayHaveAWrongChecksumAroundRightPixels) {
  const GoldenPicture picture = golden_picture("png", "type2_8_False.png");
  std::string content = picture.file;
  const size_t end = content.size() - 12;  // of the IDAT chunk, whose last four bytes are its CRC
  content[end - 1] ^= 1;
  EXPECT_EQ(decode(bytes_of(content), 3, "cat").pixels, picture.rgb.pixels);
  content[end - 5] ^= 1;  // the last byte of the pixels' own checksum
  EXPECT_PRED2(contains, decode_error(content), "expected a whole PNG picture");
}

TEST(DamagedPictures, AnnounceNoMorePixelsThanTheyHold) {
  std::string bmp = golden_picture("bmp", "24_False.bmp").file;
  put_little_endian(bmp, 18, 16000, 4);
  put_little_endian(bmp, 22, 16000, 4);
  EXPECT_PRED2(contains, decode_error(bmp),
               "expected a whole BMP picture; got 168 bytes of pixels in place of");
  put_little_endian(bmp, 18, 0x7fffffff, 4);
  put_little_endian(bmp, 22, 0x7fffffff, 4);
  EXPECT_PRED2(contains, info_error(bmp), "at most 2^28 pixels; got 2147483647x2147483647");

  std::string runs = golden_picture("bmp", "runs_False_False.bmp").file;
  put_little_endian(runs, 18, 16000, 4);
  put_little_endian(runs, 22, 16000, 4);
  EXPECT_PRED2(contains, decode_error(runs), "16000x16000 pixels announced, but too few bytes");

  for (const std::string name : {"grey8_II.tif", "RGB_tiff_lzw.tif"}) {
    std::string tiff = golden_picture("tiff", name).file;
    put_little_endian(tiff, tiff_value(tiff, 256), 16000, 2);
    put_little_endian(tiff, tiff_value(tiff, 257), 16000, 2);
    EXPECT_PRED2(contains, decode_error(tiff), "16000x16000 pixels announced, but too few bytes") << name;
  }

  std::string webp = golden_picture("webp", "RGBA_lossless_True.webp").file;
  const size_t bits = webp.find("VP8L") + 9;
  put_little_endian(webp, bits, 0x0fffffff, 4);  // 16384 x 16384
  EXPECT_PRED2(contains, decode_error(webp), "16384x16384 pixels announced, but too few bytes");
}

TEST(DamagedPictures, HaveNoMoreThan500Scans) {
  const std::string jpeg = read_file(golden_folder() / "jpeg" / "progressive.jpg");
  // The first scan, said again and again, and the others behind it.
  const size_t first = jpeg.find("\xff\xda");
  const size_t second = jpeg.find("\xff\xc4", first);
  const auto with_scans = [&](int more) {
    std::string longer = jpeg.substr(0, first);
    for (int i = 0; i <= more; ++i) longer += jpeg.substr(first, second - first);
    return longer + jpeg.substr(second);
  };
  EXPECT_EQ(decode(bytes_of(with_scans(400)), 3, "cat").pixels, decode(bytes_of(jpeg), 3, "cat").pixels);
  EXPECT_PRED2(contains, decode_error(with_scans(500)),
               "expected a whole JPEG picture; got more than 500 scans");
}

TEST(UnreadPictures, AreRefusedByName) {
  std::string bmp = golden_picture("bmp", "24_False.bmp").file;
  put_little_endian(bmp, 28, 23, 2);
  EXPECT_PRED2(contains, info_error(bmp), "expected a BMP of 1, 4, 8, 16, 24 or 32 bits; got 23");
  put_little_endian(bmp, 28, 24, 2);
  put_little_endian(bmp, 30, 4, 4);
  EXPECT_PRED2(contains, info_error(bmp), "expected a BMP of compression 0 to 3; got 4");
  put_little_endian(bmp, 30, 1, 4);
  EXPECT_PRED2(contains, info_error(bmp), "expected a palette before run-length data");
  put_little_endian(bmp, 14, 41, 4);
  EXPECT_PRED2(contains, info_error(bmp),
               "expected a BMP header of 12, 40, 52, 56, 64, 108 or 124 bytes; got 41");
  std::string masks = golden_picture("bmp", "16_masks0_56.bmp").file;
  put_little_endian(masks, 54, 0xff, 4);
  EXPECT_PRED2(contains, info_error(masks), "16 bits with masks ff 7e0 1f 0");

  std::string tiff = golden_picture("tiff", "grey8_II.tif").file;
  put_little_endian(tiff, tiff_value(tiff, 262), 8, 2);  // CIE L*a*b*
  EXPECT_PRED2(contains, info_error(tiff),
               "expected a TIFF layout that is read; got photometric 8, 1 x 8 bits");
  EXPECT_PRED2(contains, info_error("II*\0\x08"), "[decode] cat: expected");
  EXPECT_PRED2(contains, info_error("RIFF....WEBPxxxx"), "expected a WebP header");
}

TEST(TrailingBytes, AreCountedAndIgnored) {
  const std::string jpeg = read_file(golden_folder() / "jpeg" / "progressive.jpg");
  const std::string png = read_file(golden_folder() / "jpeg" / "rgb.png");
  const std::string webp = golden_picture("webp", "RGB_80_True.webp").file;
  for (const std::string& content : {jpeg, png, webp}) {
    EXPECT_EQ(trailing_bytes(bytes_of(content), "cat"), 0u);
    const std::string longer = content + std::string("a tail\0\xff\xd9", 9);
    EXPECT_EQ(trailing_bytes(bytes_of(longer), "cat"), 9u);
    EXPECT_EQ(decode(bytes_of(longer), 3, "cat").pixels, decode(bytes_of(content), 3, "cat").pixels);
    EXPECT_EQ(trailing_bytes(bytes_of(content.substr(0, content.size() - 3)), "cat"), 0u);
  }
  EXPECT_EQ(trailing_bytes(bytes_of(golden_picture("bmp", "24_False.bmp").file + "tail"), "cat"), 0u);
  EXPECT_EQ(trailing_bytes(bytes_of(golden_picture("jpeg", "tail.jpg").file), "cat"), 6u);
}

}  // namespace
}  // namespace repbench
