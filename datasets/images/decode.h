#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "datasets/images/image.h"

namespace repbench {

/// JPEG (libjpeg-turbo: accurate IDCT, fancy upsampling) or PNG to pixels, as Pillow's `convert("RGB")`, or
/// `convert("L")` for one channel. `channels` is 1 or 3. Dimensions are checked before pixels are allocated
/// (at most 2^28 pixels). Throws std::runtime_error "[decode] NAME: ..." on a broken, truncated or unknown
/// file.
Image decode(std::span<const std::byte> bytes, int channels, std::string_view name);

/// Rec. 601 luma in Pillow's fixed point, or the grey value three times.
Image convert(const Image& image, int channels);

}  // namespace repbench
