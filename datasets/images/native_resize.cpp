#include "datasets/images/native_resize.h"

#include <algorithm>
#include <utility>

#include "datasets/images/crop_rule.h"

namespace repbench {
namespace {

bool has_alpha(const Image& image) {
  return image.kind == PixelKind::grey_alpha || image.kind == PixelKind::rgba;
}

// Every pixel's values before the last, which is alpha.
template <typename Change>
void change_colours(Image& image, Change change) {
  const int colours = image.channels - 1;
  uint8_t* const end = image.pixels.data() + image.pixels.size();
  for (uint8_t* pixel = image.pixels.data(); pixel < end; pixel += image.channels) {
    for (int c = 0; c < colours; ++c) pixel[c] = change(pixel[c], pixel[colours]);
  }
}

uint8_t multiplied(int value, int alpha) {  // value * alpha / 255, rounded
  const int product = value * alpha + 128;
  return static_cast<uint8_t>(((product >> 8) + product) >> 8);
}

uint8_t divided(int value, int alpha) {  // truncated; without alpha nothing is known
  return static_cast<uint8_t>(alpha == 0 || alpha == 255 ? value : std::min(255 * value / alpha, 255));
}

}  // namespace

Image resize_native(const Image& image, int height, int width, Interpolation interpolation) {
  if (image.height == height && image.width == width) return image;
  if (image.kind == PixelKind::bilevel || image.kind == PixelKind::palette) {
    interpolation = Interpolation::nearest;
  }
  if (!has_alpha(image) || interpolation == Interpolation::nearest) {
    return resize(image, height, width, interpolation);
  }
  Image premultiplied = image;
  change_colours(premultiplied, multiplied);
  Image result = resize(premultiplied, height, width, interpolation);
  change_colours(result, divided);
  return result;
}

Image center_crop_native(const Image& image, int height, int width) {
  const int top = center_crop(image.height, image.width, height).top;
  const int left = center_crop(image.height, image.width, width).left;
  Image result = crop(image, top, left, height, width);
  result.kind = image.kind;
  result.palette = image.palette;
  return result;
}

}  // namespace repbench
