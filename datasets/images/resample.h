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

/// A picture, or the part of it that somebody needs: `pixels` lie at (top, left) of a picture of height x
/// width.
struct PicturePart {
  PixelView pixels;
  int top = 0, left = 0;
  int height, width;

  const uint8_t* at(int y, int x) const {
    return pixels.row(y - top) + static_cast<int64_t>(x - left) * pixels.channels;
  }

  /// `wanted` counts from the whole picture's corner and lies inside `pixels`.
  PixelView window(const CropWindow& wanted) const;
};
PicturePart whole_picture(const PixelView& pixels);
Box whole_box(const PicturePart& picture);

/// The pixels that `resample` reads of a whole picture of this size.
CropWindow resample_source(int picture_height, int picture_width, int height, int width,
                           Interpolation interpolation, const CropWindow& window);

/// Writes the `window` (window.height * window.width * channels bytes) of what Pillow's
/// `resize((width, height), interpolation, box)` gives of the whole picture. Pixels outside the window are
/// never computed; `picture` holds at least what they need. 1 to 4 channels.
void resample(const PicturePart& picture, int height, int width, Interpolation interpolation, const Box& box,
              const CropWindow& window, uint8_t* output);

/// The same for 16-bit pixels of two bytes each (the lower one first): 2 "channels". Whole pictures, not
/// windows.
void resample16(const PixelView& picture, int height, int width, Interpolation interpolation, const Box& box,
                uint8_t* output);

}  // namespace repbench
