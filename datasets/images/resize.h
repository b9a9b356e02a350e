#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "datasets/images/image.h"

namespace repbench {

enum class Interpolation { nearest, bilinear, bicubic, box, hamming, lanczos };

/// Throws std::invalid_argument listing the names.
Interpolation parse_interpolation(std::string_view name);
std::string_view name(Interpolation interpolation);
std::vector<std::string> interpolation_names();

/// Whole pixels of a picture.
struct CropWindow {
  int top, left, height, width;
};

/// A rectangle in pixels; fractions allowed as in Pillow's `resize(box=...)`.
struct Box {
  double left, top, right, bottom;
};

/// Bit-exact with Pillow's `Image.resize(size, resample, box)`: antialiased, separable, 8-bit fixed
/// point with 22 fractional bits; the horizontal pass comes first unless (Pillow 13) the height shrinks much
/// more than the width. Throws std::invalid_argument if `box` is empty or leaves the picture.
Image resize(const Image& image, int height, int width, Interpolation interpolation, const Box& box);
Image resize(const Image& image, int height, int width, Interpolation interpolation);

/// Height x width pixels from (top, left); parts outside the picture are 0.
Image crop(const Image& image, int top, int left, int height, int width);

Image flip_horizontally(const Image& image);

}  // namespace repbench
