#pragma once

#include "datasets/images/image.h"
#include "datasets/images/resize.h"

namespace repbench {

/// Pillow's `Image.resize` with the rules that it has for each mode: 1-bit and palette pictures take the
/// nearest pixel whatever filter is asked for; pictures with alpha are multiplied by it, resized, and divided
/// by it again (not by `nearest`); CMYK is four channels, I;16 is resized in 16 bits. The kind and the
/// palette stay.
Image resize_native(const Image& image, int height, int width, Interpolation interpolation);

/// Height x width pixels around the centre as torchvision's CenterCrop; zeros of the picture's own mode where
/// it is smaller.
Image center_crop_native(const Image& image, int height, int width);

}  // namespace repbench
