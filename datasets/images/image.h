#pragma once

#include <cstdint>
#include <vector>

namespace repbench {

/// What the bytes of a pixel mean: Pillow's modes. Only `decode_native` gives, and only views that resize
/// before they convert take, others than `plain`.
enum class PixelKind : uint8_t {
  plain,       // grey "L" (1 channel) or "RGB" (3)
  bilevel,     // "1": 0 or 255
  palette,     // "P": positions in `Image::palette`
  grey_alpha,  // "LA"
  rgba,        // "RGBA"
  cmyk,        // "CMYK": 255 is full ink
  grey16       // "I;16": two bytes, the lower one first; 2 channels
};

/// A decoded picture: uint8, row-major height x width x channels (HWC).
struct Image {
  int height = 0;
  int width = 0;
  int channels = 0;
  std::vector<uint8_t> pixels;  // height * width * channels
  PixelKind kind = PixelKind::plain;
  std::vector<uint8_t> palette = {};  // RGB triples, at most 256

  const uint8_t* row(int y) const { return pixels.data() + static_cast<int64_t>(y) * width * channels; }
  uint8_t* row(int y) { return pixels.data() + static_cast<int64_t>(y) * width * channels; }
};

}  // namespace repbench
