#pragma once

#include <cstdint>

#include "datasets/images/image.h"
#include "datasets/images/resize.h"

// The kernel below resize() and the views: reads any part of a picture, writes any part of the result.

namespace repbench {

/// Pixels that somebody else owns, HWC; rows lie `stride` bytes apart.
struct PixelView {
  const uint8_t* data;
  int height, width, channels;
  int64_t stride;

  const uint8_t* row(int y) const { return data + y * stride; }

  /// A part of it; `window` lies inside.
  PixelView part(const CropWindow& window) const;
};
PixelView view_of(const Image& image);

/// Writes the `window` (window.height * window.width * channels bytes) of what Pillow's
/// `resize((width, height), interpolation, box)` gives. Pixels outside the window are never computed.
void resample(const PixelView& picture, int height, int width, Interpolation interpolation, const Box& box,
              const CropWindow& window, uint8_t* output);

}  // namespace repbench
