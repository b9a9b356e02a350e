#pragma once

#include <cstdint>
#include <vector>

#include "datasets/images/image.h"
#include "datasets/random.h"

// Where the pictures of `shapes` are made: a square of RGB values in 0 ... 255, in single precision. Only
// operations that IEEE 754 rounds exactly are used, in a fixed order: the same bits on every machine.

namespace repbench {

struct Canvas {
  explicit Canvas(int size) : side(size), values(static_cast<size_t>(size) * size * 3) {}

  int side;                   // pixels
  std::vector<float> values;  // side * side * 3

  float* row(int y) { return values.data() + static_cast<int64_t>(y) * side * 3; }
};

/// Adds smooth noise: random values at the corners of cells x cells squares, blended in between. A corner's
/// value is uniform in +-grey, the same for all channels, plus one in +-colour for each.
void add_blobs(Canvas& canvas, int cells, float grey, float colour, RandomStream& stream);

/// Adds values uniform in +-grey, one a pixel, and the same for its channels.
void add_grain(Canvas& canvas, float grey, RandomStream& stream);

/// A picture of noise alone, from as coarse as an object to as fine as a pixel.
Canvas noise_canvas(int side, RandomStream& stream);

/// (1 - share) * canvas + share * noise.
void blend(Canvas& canvas, const Canvas& noise, float share);

/// To the nearest byte.
Image to_image(const Canvas& canvas);

}  // namespace repbench
