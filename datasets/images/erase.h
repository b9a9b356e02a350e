#pragma once

#include "datasets/images/pixel_buffer.h"
#include "datasets/images/resize.h"
#include "datasets/random.h"

// timm's RandomErasing, which works after normalisation, on bytes before it. Its zero is the mean colour and
// its noise N(0, 1) is mean + deviation * N(0, 1); the mean and deviation here are ImageNet's (0.449 and
// 0.226 for grey pictures), values are rounded and those outside 0 ... 255 clipped (about one in thirty; timm
// does not).

namespace repbench {

enum class EraseMode {
  constant,  // the mean colour
  random,    // one random colour a rectangle
  pixel      // noise
};

/// Where to erase: up to ten draws of an area (2 % to a third) and a ratio of height to width (0.3 to 1 /
/// 0.3, uniform in its logarithm) until height and width are smaller than the picture's; then top and left.
/// Height 0 if none was.
CropWindow draw_erased(int height, int width, RandomStream& stream);

/// Fills the window; `random` and `pixel` draw their values in the order of the pixels.
void erase(const PixelBuffer& pixels, const CropWindow& window, EraseMode mode, RandomStream& stream);

}  // namespace repbench
