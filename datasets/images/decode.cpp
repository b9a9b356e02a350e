#include "datasets/images/decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include "datasets/images/codecs.h"

namespace repbench {
namespace {

constexpr int64_t kMostPixels = int64_t{1} << 28;

bool starts_with(std::span<const std::byte> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

std::string first_bytes(std::span<const std::byte> bytes) {
  if (bytes.empty()) return "an empty file";
  std::string text = "bytes";
  for (const std::byte byte : bytes.first(std::min<size_t>(bytes.size(), 8))) {
    text += fmt::format(" {:02x}", static_cast<unsigned>(byte));
  }
  return text;
}

Image decode_any(std::span<const std::byte> bytes, std::string_view name) {
  if (starts_with(bytes, "\xff\xd8\xff")) return decode_jpeg(bytes, name);
  if (starts_with(bytes, "\x89PNG\r\n\x1a\n")) return decode_png(bytes, name);
  fail_to_decode(name, "a JPEG or PNG picture", first_bytes(bytes));
}

void check_channels(int channels) {
  if (channels != 1 && channels != 3) {
    throw std::invalid_argument(fmt::format("[decode] expected 1 or 3 channels; got {}", channels));
  }
}

}  // namespace

void fail_to_decode(std::string_view name, std::string_view expected, std::string_view got) {
  throw std::runtime_error(fmt::format("[decode] {}: expected {}; got {}", name, expected, got));
}

Image allocate_pixels(int64_t height, int64_t width, int channels, int64_t limit, std::string_view name) {
  const auto size = [&] { return fmt::format("{}x{}", height, width); };
  if (height < 1 || width < 1) fail_to_decode(name, "a picture of at least 1x1", size());
  if (height > kMostPixels / width) fail_to_decode(name, "at most 2^28 pixels", size());
  if (height * width > limit) {
    fail_to_decode(name, "a whole picture", size() + " pixels announced, but too few bytes to hold them");
  }
  Image image{static_cast<int>(height), static_cast<int>(width), channels, {}};
  image.pixels.resize(static_cast<size_t>(height * width * channels));
  return image;
}

Image decode(std::span<const std::byte> bytes, int channels, std::string_view name) {
  check_channels(channels);
  Image image = decode_any(bytes, name);
  return image.channels == channels ? image : convert(image, channels);
}

Image convert(const Image& image, int channels) {
  check_channels(channels);
  if (image.channels == channels) return image;
  Image result{image.height, image.width, channels, {}};
  const size_t count = static_cast<size_t>(image.height) * image.width;
  result.pixels.resize(count * channels);
  const uint8_t* from = image.pixels.data();
  uint8_t* to = result.pixels.data();
  if (channels == 3) {
    for (size_t i = 0; i < count; ++i) to[3 * i] = to[3 * i + 1] = to[3 * i + 2] = from[i];
    return result;
  }
  for (size_t i = 0; i < count; ++i, from += 3) {
    to[i] = static_cast<uint8_t>((from[0] * 19595 + from[1] * 38470 + from[2] * 7471 + 0x8000) >> 16);
  }
  return result;
}

}  // namespace repbench
