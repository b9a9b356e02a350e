#pragma once

#include "datasets/images/pixel_buffer.h"

namespace repbench {

/// Pillow's ImageFilter.GaussianBlur in every bit: three extended box blurs along each axis, whose results
/// are rounded in between (Gwosdek et al., 2011). `radius` is the standard deviation in pixels, 0 to 1000.
void gaussian_blur(const PixelBuffer& pixels, double radius);

/// ImageEnhance.Sharpness: a blend with the 3x3-smoothed picture; 0 is smooth, 1 unchanged, above it sharper.
/// The outermost pixels stay.
void adjust_sharpness(const PixelBuffer& pixels, double factor);

}  // namespace repbench
