#include "datasets/images/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "datasets/images/decode.h"

namespace repbench {
namespace {

// Rec. 601 in Pillow's fixed point.
uint8_t luma(const uint8_t* rgb) {
  return static_cast<uint8_t>((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16);
}

// What is left of the paper's white under the coloured ink and the black one.
uint8_t under_ink(int ink, int black) {
  const int rest = 255 - black;
  const int product = ink * rest + 128;
  return static_cast<uint8_t>(rest - (((product >> 8) + product) >> 8));
}

/// `to_rgb(pixel, rgb)` for each pixel; its luma where one channel is asked for.
template <typename ToRgb>
void through_rgb(const uint8_t* from, int step, size_t count, int channels, uint8_t* to, ToRgb to_rgb) {
  if (channels == 3) {
    for (size_t i = 0; i < count; ++i, from += step, to += 3) to_rgb(from, to);
    return;
  }
  std::array<uint8_t, 3> rgb;
  for (size_t i = 0; i < count; ++i, from += step) {
    to_rgb(from, rgb.data());
    to[i] = luma(rgb.data());
  }
}

template <typename ToGrey>
void through_grey(const uint8_t* from, int step, size_t count, int channels, uint8_t* to, ToGrey to_grey) {
  if (channels == 1) {
    for (size_t i = 0; i < count; ++i, from += step) to[i] = to_grey(from);
    return;
  }
  for (size_t i = 0; i < count; ++i, from += step, to += 3) to[0] = to[1] = to[2] = to_grey(from);
}

void copy_rgb(const uint8_t* from, uint8_t* to) { std::copy_n(from, 3, to); }

}  // namespace

void convert_pixels(const Image& layout, const uint8_t* pixels, size_t count, int channels, uint8_t* output) {
  const int step = layout.channels;
  const auto first = [](const uint8_t* pixel) { return pixel[0]; };
  switch (layout.kind) {
    case PixelKind::plain:
      if (step == 3) return through_rgb(pixels, step, count, channels, output, copy_rgb);
      return through_grey(pixels, step, count, channels, output, first);
    case PixelKind::bilevel:
    case PixelKind::grey_alpha:
      return through_grey(pixels, step, count, channels, output, first);
    case PixelKind::rgba:
      return through_rgb(pixels, step, count, channels, output, copy_rgb);
    case PixelKind::grey16:  // Pillow clips numbers above 255, it does not scale them
      return through_grey(pixels, step, count, channels, output,
                          [](const uint8_t* pixel) { return pixel[1] != 0 ? uint8_t{255} : pixel[0]; });
    case PixelKind::cmyk:
      return through_rgb(pixels, step, count, channels, output, [](const uint8_t* ink, uint8_t* rgb) {
        for (int c = 0; c < 3; ++c) rgb[c] = under_ink(ink[c], ink[3]);
      });
    case PixelKind::palette: {
      std::array<uint8_t, 768> colours{};  // black behind the palette's end
      std::copy_n(layout.palette.begin(), std::min(layout.palette.size(), colours.size()), colours.begin());
      return through_rgb(pixels, step, count, channels, output,
                         [&](const uint8_t* pixel, uint8_t* rgb) { copy_rgb(&colours[3 * pixel[0]], rgb); });
    }
  }
}

Image convert(const Image& image, int channels) {
  if (channels != 1 && channels != 3) {
    throw std::invalid_argument(fmt::format("[decode] expected 1 or 3 channels; got {}", channels));
  }
  if (image.kind == PixelKind::plain && image.channels == channels) return image;
  Image result{image.height, image.width, channels, {}};
  const size_t count = static_cast<size_t>(image.height) * image.width;
  result.pixels.resize(count * channels);
  convert_pixels(image, image.pixels.data(), count, channels, result.pixels.data());
  return result;
}

}  // namespace repbench
