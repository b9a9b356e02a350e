#include <algorithm>
#include <cstring>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "datasets/images/codecs.h"

namespace repbench {
namespace {

// The first chunk: signature (8), length (4), "IHDR", width (4), height (4), bits, colour type, ...
struct Header {
  int64_t width, height;
  int bits, colour_type;

  bool grey() const { return (colour_type & 2) == 0; }
  bool alpha() const { return (colour_type & 4) != 0; }
};

int64_t big_endian(const std::byte* bytes) {
  int64_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | std::to_integer<int64_t>(bytes[i]);
  return value;
}

Header read_header(std::span<const std::byte> bytes, std::string_view name) {
  if (bytes.size() < 33 || std::memcmp(bytes.data() + 12, "IHDR", 4) != 0) {
    fail_to_decode(name, "a PNG header", "no IHDR chunk");
  }
  return {big_endian(bytes.data() + 16), big_endian(bytes.data() + 20), std::to_integer<int>(bytes[24]),
          std::to_integer<int>(bytes[25])};
}

// Our threads decode side by side; OpenCV must not start more.
void keep_opencv_serial() {
  static const bool done = [] {
    cv::setNumThreads(1);
    return true;
  }();
  static_cast<void>(done);
}

cv::Mat read_pixels(std::span<const std::byte> bytes, int flags, std::string_view name) {
  keep_opencv_serial();
  // imdecode takes no const data, but does not write to it.
  const cv::Mat data(1, static_cast<int>(bytes.size()), CV_8U, const_cast<std::byte*>(bytes.data()));
  cv::Mat pixels;
  try {
    pixels = cv::imdecode(data, flags | cv::IMREAD_IGNORE_ORIENTATION);
  } catch (const cv::Exception& error) {
    fail_to_decode(name, "a whole PNG picture", error.err);
  }
  if (pixels.empty()) fail_to_decode(name, "a whole PNG picture", "damaged or missing data");
  return pixels;
}

// Pillow reads 16-bit grey as numbers above its 8-bit range and clips them; other 16-bit kinds lose the low
// byte.
void copy_clipped(const cv::Mat& pixels, Image& image) {
  for (int y = 0; y < image.height; ++y) {
    const auto* row = pixels.ptr<uint16_t>(y);
    std::transform(row, row + image.width, image.row(y),
                   [](uint16_t value) { return static_cast<uint8_t>(std::min<uint16_t>(value, 255)); });
  }
}

void copy_bgr(const cv::Mat& pixels, Image& image) {
  for (int y = 0; y < image.height; ++y) {
    const uint8_t* from = pixels.ptr<uint8_t>(y);
    uint8_t* to = image.row(y);
    for (int x = 0; x < image.width; ++x, from += 3, to += 3) {
      to[0] = from[2];
      to[1] = from[1];
      to[2] = from[0];
    }
  }
}

}  // namespace

Image decode_png(std::span<const std::byte> bytes, std::string_view name) {
  const Header header = read_header(bytes, name);
  // Deflate packs at most 1032 bytes into one; a pixel has at least one bit.
  const int64_t limit = static_cast<int64_t>(bytes.size()) * 1032 * 8;
  Image image = allocate_pixels(header.height, header.width, header.grey() ? 1 : 3, limit, name);
  const bool clipped = header.grey() && header.bits == 16 && !header.alpha();
  const int depth = clipped ? cv::IMREAD_ANYDEPTH : 0;
  const cv::Mat pixels =
      read_pixels(bytes, (header.grey() ? cv::IMREAD_GRAYSCALE : cv::IMREAD_COLOR) | depth, name);
  if (pixels.rows != image.height || pixels.cols != image.width) {
    fail_to_decode(name, "the announced size", "another one");
  }
  if (clipped) {
    copy_clipped(pixels, image);
  } else if (header.grey()) {
    for (int y = 0; y < image.height; ++y) std::memcpy(image.row(y), pixels.ptr(y), image.width);
  } else {
    copy_bgr(pixels, image);
  }
  return image;
}

}  // namespace repbench
