#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "datasets/images/decode.h"

// What decode.cpp asks of each file format: a row of the table in decode.cpp. Pictures are written into an
// Image that the caller gives, whose memory is used again.

namespace repbench {

using Bytes = std::span<const std::byte>;

/// Where a picture keeps its orientation: a block of EXIF, else a packet of XMP. Empty if there is none.
struct Metadata {
  Bytes exif = {};
  Bytes xmp = {};
};

void decode_jpeg(Bytes bytes, std::string_view name, Image& image);
void decode_jpeg_region(Bytes bytes, int channels, const CropWindow& window, std::string_view name,
                        Image& image);
PictureInfo jpeg_info(Bytes bytes, std::string_view name);
size_t jpeg_end(Bytes bytes);
std::string jpeg_damage(Bytes bytes, std::string_view name);
Metadata jpeg_metadata(Bytes bytes);

void decode_png(Bytes bytes, std::string_view name, Image& image);
PictureInfo png_info(Bytes bytes, std::string_view name);
size_t png_end(Bytes bytes);
std::string png_damage(Bytes bytes, std::string_view name);
Metadata png_metadata(Bytes bytes);

void decode_webp(Bytes bytes, std::string_view name, Image& image);
PictureInfo webp_info(Bytes bytes, std::string_view name);
size_t webp_end(Bytes bytes);
Metadata webp_metadata(Bytes bytes);

void decode_bmp(Bytes bytes, std::string_view name, Image& image);
PictureInfo bmp_info(Bytes bytes, std::string_view name);

void decode_tiff(Bytes bytes, std::string_view name, Image& image);
PictureInfo tiff_info(Bytes bytes, std::string_view name);

/// Throws std::runtime_error "[decode] NAME: expected EXPECTED; got GOT".
[[noreturn]] void fail_to_decode(std::string_view name, std::string_view expected, std::string_view got);

/// At least 1x1, at most 2^28 pixels, and at most `limit` pixels, which is what the file's bytes can hold at
/// the format's best compression.
void check_size(int64_t height, int64_t width, int64_t limit, std::string_view name);

/// Makes `image` one of height x width x channels of a kind, after check_size.
void allocate_pixels(Image& image, int64_t height, int64_t width, int channels, PixelKind kind, int64_t limit,
                     std::string_view name);

}  // namespace repbench
