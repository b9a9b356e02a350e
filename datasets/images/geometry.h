#pragma once

#include <array>

#include "datasets/images/colour.h"
#include "datasets/images/pixel_buffer.h"
#include "datasets/images/resize.h"

// Geometric changes of a picture in place.

namespace repbench {

/// Left becomes right.
void mirror(const PixelBuffer& pixels);

/// Output (x, y) comes from (a x + b y + c, d x + e y + f); pixel centres lie at halves.
using AffineMap = std::array<double, 6>;

/// Pillow's `transform(size, AFFINE, map, interpolation, fillcolor)` in every bit: bilinear or bicubic (a =
/// -1, Pillow's for transforms), else nearest; `fill` where the source lies outside.
void affine(const PixelBuffer& pixels, const AffineMap& map, Interpolation interpolation, const Colour& fill);

/// Pillow's `rotate(degrees, interpolation, fillcolor)` about the centre, counter-clockwise; quarter turns of
/// squares and half turns move pixels without interpolation.
void rotate(const PixelBuffer& pixels, double degrees, Interpolation interpolation, const Colour& fill);

}  // namespace repbench
