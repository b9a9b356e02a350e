#pragma once

#include <array>
#include <vector>

#include "datasets/images/codecs.h"

namespace repbench {

/// What stands before a BMP's pixels, and what Pillow makes of it.
struct BmpHeader {
  int64_t height, width;
  bool top_down = false;
  int bits = 0;          // a stored pixel
  bool runs = false;     // run-length encoded, one value a pixel
  bool nibbles = false;  // run-length encoded with two pixels a byte
  uint64_t pixels_at = 0;

  PixelKind kind = PixelKind::plain;
  int channels = 3;
  int unpacked_bits = 0;                    // bits a pixel that Pillow unpacks: not always what is stored
  int green_bits = 5;                       // of a 16-bit pixel
  std::array<int, 4> order = {2, 1, 0, 3};  // of 24 and 32 bits: the bytes of red, green, blue, alpha
  std::vector<uint8_t> palette = {};        // 256 RGB triples where kind is palette
};

/// Throws as decode() does on what Pillow 13 refuses.
BmpHeader read_bmp_header(Bytes bytes, std::string_view name);

}  // namespace repbench
