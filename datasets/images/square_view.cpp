#include "datasets/images/square_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <vector>

namespace repbench {
namespace {

// The part of `window` that lies in a picture of these sides; empty where they do not meet.
CropWindow inside(const CropWindow& window, const Sides& sides) {
  const int top = std::max(window.top, 0), left = std::max(window.left, 0);
  return {top, left, std::max(std::min(window.top + window.height, sides.height) - top, 0),
          std::max(std::min(window.left + window.width, sides.width) - left, 0)};
}

void paint(const uint8_t* pixel, int channels, size_t count, uint8_t* output) {
  for (size_t i = 0; i < count; ++i, output += channels) std::memcpy(output, pixel, channels);
}

}  // namespace

void SquareView::check_output(std::span<uint8_t> output, int channels) const {
  if (output.size() == static_cast<size_t>(size_) * size_ * channels) return;
  throw std::invalid_argument(fmt::format("[view] {}: expected {}x{}x{} bytes of output; got {}",
                                          specification(), size_, size_, channels, output.size()));
}

void SquareView::apply(const PicturePart& part, RandomStream& stream, std::span<uint8_t> output) const {
  check_output(output, part.pixels.channels);
  fill(part, stream, output.data());
}

void resample_padded(const PicturePart& part, const Sides& sides, Interpolation interpolation,
                     const CropWindow& window, const uint8_t* border, uint8_t* output) {
  const CropWindow within = inside(window, sides);
  const Box box = whole_box(part);
  if (within.height == window.height && within.width == window.width) {
    return resample(part, sides.height, sides.width, interpolation, box, window, output);
  }
  const int channels = part.pixels.channels;
  paint(border, channels, static_cast<size_t>(window.height) * window.width, output);
  if (within.height < 1 || within.width < 1) return;
  const size_t row = static_cast<size_t>(window.width) * channels;
  const size_t used = static_cast<size_t>(within.width) * channels;
  thread_local std::vector<uint8_t> pixels;
  pixels.resize(used * within.height);
  resample(part, sides.height, sides.width, interpolation, box, within, pixels.data());
  output += (within.top - window.top) * row + static_cast<size_t>(within.left - window.left) * channels;
  for (int y = 0; y < within.height; ++y) std::memcpy(output + y * row, pixels.data() + y * used, used);
}

CropWindow padded_source(int height, int width, const Sides& sides, Interpolation interpolation,
                         const CropWindow& window) {
  const CropWindow within = inside(window, sides);
  if (within.height < 1 || within.width < 1) return {0, 0, 1, 1};
  return resample_source(height, width, sides.height, sides.width, interpolation, within);
}

}  // namespace repbench
