#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "datasets/images/image.h"

namespace repbench {

/// What is left of a picture when it is compared with others.
struct PicturePrint {
  static constexpr int kSide = 16;

  std::string pixels;  // sha256 of its size and pixels
  uint64_t phash = 0;  // pHash: signs of low DCT frequencies against their median
  std::array<uint8_t, kSide * kSide * 3> thumbnail{};  // RGB
};

/// Of a grey or RGB picture. pHash as in Zauner 2010, section 3.2.1: grey at 32 x 32, DCT-II, the 8 x 8
/// lowest frequencies.
PicturePrint print_of(const Image& image);

/// Root of the mean squared difference of two thumbnails, in levels, each channel's mean taken off: pictures
/// that differ in brightness alone are the same.
double thumbnail_difference(const PicturePrint& a, const PicturePrint& b);

}  // namespace repbench
