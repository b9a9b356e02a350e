#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "datasets/images/image.h"

// One function a file format, used by decode(). Each gives grey pixels for a grey file and RGB for the
// others.

namespace repbench {

Image decode_jpeg(std::span<const std::byte> bytes, std::string_view name);
Image decode_png(std::span<const std::byte> bytes, std::string_view name);

/// Throws std::runtime_error "[decode] NAME: expected EXPECTED; got GOT".
[[noreturn]] void fail_to_decode(std::string_view name, std::string_view expected, std::string_view got);

/// An image to fill, after a check of its size: at most 2^28 pixels, and not more than `limit` pixels, which
/// is what the file's bytes can hold at the format's best compression.
Image allocate_pixels(int64_t height, int64_t width, int channels, int64_t limit, std::string_view name);

}  // namespace repbench
