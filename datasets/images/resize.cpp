#include "datasets/images/resize.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

#include "datasets/images/resample.h"
#include "files/nearest.h"

namespace repbench {
namespace {

constexpr std::array<std::pair<std::string_view, Interpolation>, 6> kInterpolations = {
    {{"nearest", Interpolation::nearest},
     {"bilinear", Interpolation::bilinear},
     {"bicubic", Interpolation::bicubic},
     {"box", Interpolation::box},
     {"hamming", Interpolation::hamming},
     {"lanczos", Interpolation::lanczos}}};

Image blank(int height, int width, int channels) {
  if (height < 1 || width < 1) {
    throw std::invalid_argument(
        fmt::format("[resize] expected a picture of at least 1x1; got {}x{}", height, width));
  }
  Image image{height, width, channels, {}};
  image.pixels.resize(static_cast<size_t>(height) * width * channels);
  return image;
}

}  // namespace

Interpolation parse_interpolation(std::string_view word) {
  for (const auto& [known, interpolation] : kInterpolations) {
    if (word == known) return interpolation;
  }
  fail_unknown_name("resize", "an interpolation", word, interpolation_names());
}

std::vector<std::string> interpolation_names() {
  std::vector<std::string> names;
  for (const auto& [known, interpolation] : kInterpolations) names.emplace_back(known);
  return names;
}

std::string_view name(Interpolation interpolation) {
  return kInterpolations[static_cast<size_t>(interpolation)].first;
}

Image resize(const Image& image, int height, int width, Interpolation interpolation, const Box& box) {
  Image result = blank(height, width, image.channels);
  const bool inside = box.left >= 0 && box.top >= 0 && box.right <= image.width && box.bottom <= image.height;
  if (!inside || box.right <= box.left || box.bottom <= box.top) {
    throw std::invalid_argument(fmt::format(
        "[resize] expected a box inside the {}x{} picture; got left {}, top {}, right {}, bottom {}",
        image.height, image.width, box.left, box.top, box.right, box.bottom));
  }
  result.kind = image.kind;
  if (image.kind == PixelKind::grey16) {
    resample16(view_of(image), height, width, interpolation, box, result.pixels.data());
    return result;
  }
  result.palette = image.palette;
  const CropWindow whole{0, 0, height, width};
  resample(whole_picture(view_of(image)), height, width, interpolation, box, whole, result.pixels.data());
  return result;
}

Image resize(const Image& image, int height, int width, Interpolation interpolation) {
  const Box whole{0, 0, static_cast<double>(image.width), static_cast<double>(image.height)};
  return resize(image, height, width, interpolation, whole);
}

Image crop(const Image& image, int top, int left, int height, int width) {
  Image result = blank(height, width, image.channels);
  const int first_row = std::max(top, 0), last_row = std::min(top + height, image.height);
  const int first_column = std::max(left, 0), last_column = std::min(left + width, image.width);
  if (first_column >= last_column) return result;
  const size_t bytes = static_cast<size_t>(last_column - first_column) * image.channels;
  for (int y = first_row; y < last_row; ++y) {
    std::memcpy(result.row(y - top) + (first_column - left) * image.channels,
                image.row(y) + first_column * image.channels, bytes);
  }
  return result;
}

Image flip_horizontally(const Image& image) {
  Image result = blank(image.height, image.width, image.channels);
  for (int y = 0; y < image.height; ++y) {
    const uint8_t* from = image.row(y);
    uint8_t* to = result.row(y) + (image.width - 1) * image.channels;
    for (int x = 0; x < image.width; ++x, from += image.channels, to -= image.channels) {
      std::memcpy(to, from, image.channels);
    }
  }
  return result;
}

}  // namespace repbench
