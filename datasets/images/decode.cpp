#include "datasets/images/decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include "datasets/images/codecs.h"
#include "datasets/images/orientation.h"

namespace repbench {
namespace {

constexpr int64_t kMostPixels = int64_t{1} << 28;

struct Codec {
  bool (*recognises)(Bytes);
  void (*decode)(Bytes, std::string_view, Image&);
  PictureInfo (*info)(Bytes, std::string_view);
  size_t (*end)(Bytes);                            // null: the format says no end
  std::string (*damage)(Bytes, std::string_view);  // null: decode() overlooks nothing that is known
  Metadata (*metadata)(Bytes);                     // null: decode() itself turns the picture
};

bool has(Bytes bytes, std::string_view magic, size_t at = 0) {
  return bytes.size() >= at + magic.size() && std::memcmp(bytes.data() + at, magic.data(), magic.size()) == 0;
}

bool is_jpeg(Bytes bytes) { return has(bytes, "\xff\xd8\xff"); }
bool is_png(Bytes bytes) { return has(bytes, "\x89PNG\r\n\x1a\n"); }
bool is_webp(Bytes bytes) { return has(bytes, "RIFF") && has(bytes, "WEBP", 8); }
bool is_bmp(Bytes bytes) { return has(bytes, "BM"); }
bool is_tiff(Bytes bytes) {
  using namespace std::string_view_literals;
  return has(bytes, "II*\0"sv) || has(bytes, "MM\0*"sv) || has(bytes, "II+\0"sv) || has(bytes, "MM\0+"sv);
}

Metadata no_metadata(Bytes) { return {}; }

constexpr std::array<Codec, 5> kCodecs{{
    {is_jpeg, decode_jpeg, jpeg_info, jpeg_end, jpeg_damage, jpeg_metadata},
    {is_png, decode_png, png_info, png_end, png_damage, png_metadata},
    {is_webp, decode_webp, webp_info, webp_end, nullptr, webp_metadata},
    {is_bmp, decode_bmp, bmp_info, nullptr, nullptr, no_metadata},
    {is_tiff, decode_tiff, tiff_info, nullptr, nullptr, nullptr},
}};

std::string first_bytes(Bytes bytes) {
  if (bytes.empty()) return "an empty file";
  std::string text = "bytes";
  for (const std::byte byte : bytes.first(std::min<size_t>(bytes.size(), 8))) {
    text += fmt::format(" {:02x}", static_cast<unsigned>(byte));
  }
  return text;
}

const Codec& codec_of(Bytes bytes, std::string_view name) {
  for (const Codec& codec : kCodecs) {
    if (codec.recognises(bytes)) return codec;
  }
  fail_to_decode(name, "a JPEG, PNG, WebP, BMP or TIFF picture", first_bytes(bytes));
}

void check_channels(int channels) {
  if (channels != 1 && channels != 3) {
    throw std::invalid_argument(fmt::format("[decode] expected 1 or 3 channels; got {}", channels));
  }
}

int orientation_of(const Codec& codec, Bytes bytes, const DecodeOptions& options) {
  if (!options.apply_orientation || codec.metadata == nullptr) return 1;
  return orientation_of(codec.metadata(bytes));
}

void check_window(const CropWindow& window, const PictureInfo& picture, std::string_view name) {
  const bool inside = window.top >= 0 && window.left >= 0 && window.height >= 1 && window.width >= 1 &&
                      window.height <= picture.height - window.top &&
                      window.width <= picture.width - window.left;
  if (inside) return;
  throw std::invalid_argument(
      fmt::format("[decode] {}: expected a window inside {}x{}; got {}x{} at ({}, {})", name, picture.height,
                  picture.width, window.height, window.width, window.top, window.left));
}

}  // namespace

void fail_to_decode(std::string_view name, std::string_view expected, std::string_view got) {
  throw std::runtime_error(fmt::format("[decode] {}: expected {}; got {}", name, expected, got));
}

void check_size(int64_t height, int64_t width, int64_t limit, std::string_view name) {
  const auto size = [&] { return fmt::format("{}x{}", height, width); };
  if (height < 1 || width < 1) fail_to_decode(name, "a picture of at least 1x1", size());
  if (height > kMostPixels / width) fail_to_decode(name, "at most 2^28 pixels", size());
  if (height * width > limit) {
    fail_to_decode(name, "a whole picture", size() + " pixels announced, but too few bytes to hold them");
  }
}

void allocate_pixels(Image& image, int64_t height, int64_t width, int channels, PixelKind kind, int64_t limit,
                     std::string_view name) {
  check_size(height, width, limit, name);
  image.height = static_cast<int>(height);
  image.width = static_cast<int>(width);
  image.channels = channels;
  image.kind = kind;
  image.palette.clear();
  image.pixels.resize(static_cast<size_t>(height * width * channels));
}

Image decode_native(Bytes bytes, std::string_view name, const DecodeOptions& options) {
  const Codec& codec = codec_of(bytes, name);
  Image image;
  codec.decode(bytes, name, image);
  turn(image, orientation_of(codec, bytes, options));
  return image;
}

Image decode(Bytes bytes, int channels, std::string_view name, const DecodeOptions& options) {
  check_channels(channels);
  Image image = decode_native(bytes, name, options);
  if (image.kind == PixelKind::plain && image.channels == channels) return image;
  return convert(image, channels);
}

PictureInfo picture_info(Bytes bytes, std::string_view name, const DecodeOptions& options) {
  const Codec& codec = codec_of(bytes, name);
  PictureInfo info = codec.info(bytes, name);
  if (lies_on_its_side(orientation_of(codec, bytes, options))) std::swap(info.height, info.width);
  return info;
}

Image decode_region(Bytes bytes, int channels, const CropWindow& window, std::string_view name) {
  check_channels(channels);
  const Codec& codec = codec_of(bytes, name);
  check_window(window, codec.info(bytes, name), name);
  Image image;
  if (codec.decode == decode_jpeg) {
    decode_jpeg_region(bytes, channels, window, name, image);
    return image;
  }
  codec.decode(bytes, name, image);
  check_window(window, {image.height, image.width, {}}, name);
  Image part = crop(image, window.top, window.left, window.height, window.width);
  part.kind = image.kind;
  part.palette = std::move(image.palette);
  if (part.kind == PixelKind::plain && part.channels == channels) return part;
  return convert(part, channels);
}

size_t trailing_bytes(Bytes bytes, std::string_view name) {
  const Codec& codec = codec_of(bytes, name);
  return codec.end == nullptr ? 0 : bytes.size() - codec.end(bytes);
}

std::string overlooked_damage(Bytes bytes, std::string_view name) {
  const Codec& codec = codec_of(bytes, name);
  return codec.damage == nullptr ? "" : codec.damage(bytes, name);
}

}  // namespace repbench
