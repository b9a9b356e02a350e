#pragma once

#include <cstddef>
#include <cstdint>

namespace repbench {

/// Pixels to change in place: uint8 HWC without gaps; 1 channel is grey, 3 are RGB.
struct PixelBuffer {
  uint8_t* data;
  int height, width, channels;

  size_t count() const { return static_cast<size_t>(height) * static_cast<size_t>(width); }
  size_t bytes() const { return count() * static_cast<size_t>(channels); }
  uint8_t* row(int y) const { return data + static_cast<int64_t>(y) * width * channels; }
};

}  // namespace repbench
