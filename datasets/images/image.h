#pragma once

#include <cstdint>
#include <vector>

namespace repbench {

/// A decoded picture: uint8, row-major height x width x channels (HWC), channels 1 (grey) or 3 (RGB).
struct Image {
  int height = 0;
  int width = 0;
  int channels = 0;
  std::vector<uint8_t> pixels;  // height * width * channels

  const uint8_t* row(int y) const { return pixels.data() + static_cast<int64_t>(y) * width * channels; }
  uint8_t* row(int y) { return pixels.data() + static_cast<int64_t>(y) * width * channels; }
};

}  // namespace repbench
