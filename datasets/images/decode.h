#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "datasets/images/image.h"
#include "datasets/images/resize.h"

// JPEG, PNG, WebP, BMP and TIFF to the pixels that Pillow 13 gives. Dimensions are checked before pixels are
// allocated: at most 2^28 pixels, and not more than the file's bytes can hold. A broken, truncated or unknown
// file throws std::runtime_error "[decode] NAME: expected ...; got ...". Of several frames or pages: the
// first.

namespace repbench {

struct DecodeOptions {
  /// Turn the picture as its EXIF (or XMP) orientation says, as Pillow's ImageOps.exif_transpose. Ignored by
  /// default, as torchvision does; but TIFF pictures are always turned, for Pillow 13 turns them on loading.
  bool apply_orientation = false;
};

/// Pillow's `convert("RGB")`, or `convert("L")` for one channel, of the picture. `channels` is 1 or 3.
Image decode(std::span<const std::byte> bytes, int channels, std::string_view name,
             const DecodeOptions& options = {});

/// The picture in its own mode, as PIL.Image.open holds it.
Image decode_native(std::span<const std::byte> bytes, std::string_view name,
                    const DecodeOptions& options = {});

struct PictureInfo {
  int height, width;  // pixels; swapped where the orientation is applied and lies the picture on its side
  std::string_view format;  // Pillow's name: "JPEG", "PNG", "WEBP", "BMP", "TIFF"
};

/// Reads headers alone: a truncated file may still have a size.
PictureInfo picture_info(std::span<const std::byte> bytes, std::string_view name,
                         const DecodeOptions& options = {});

/// The `window` of decode(bytes, channels, name), bit for bit, for training: a JPEG is decoded only around
/// the window, and a fault behind it may go unseen. Throws std::invalid_argument if the window leaves the
/// picture.
Image decode_region(std::span<const std::byte> bytes, int channels, const CropWindow& window,
                    std::string_view name);

/// Bytes behind the picture's end (JPEG: after EOI, PNG: after IEND, WebP: after the RIFF chunk), which
/// decode() ignores; 0 where the end is missing or the format (BMP, TIFF) has none.
size_t trailing_bytes(std::span<const std::byte> bytes, std::string_view name);

/// What is wrong with a picture that decode() reads all the same, as Pillow does: bytes of a JPEG that mean
/// nothing (its pixels are likely wrong), a PNG's checksum; "" if nothing is. Decodes once more. Throws as
/// decode().
std::string overlooked_damage(std::span<const std::byte> bytes, std::string_view name);

/// Pillow's `convert("L")` or `convert("RGB")` of any kind of picture. `channels` is 1 or 3.
Image convert(const Image& image, int channels);

}  // namespace repbench
