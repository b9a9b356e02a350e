#pragma once

#include <cstddef>
#include <cstdint>

#include "datasets/images/image.h"

namespace repbench {

/// Pillow's `convert("L")` (channels 1) or `convert("RGB")` (3) of `count` pixels that lie one after the
/// other; `layout` says their kind, channels and palette (its own pixels are not read).
void convert_pixels(const Image& layout, const uint8_t* pixels, size_t count, int channels, uint8_t* output);

}  // namespace repbench
