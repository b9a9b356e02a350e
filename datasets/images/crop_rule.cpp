#include "datasets/images/crop_rule.h"

#include <algorithm>
#include <cmath>

namespace repbench {
namespace {

constexpr int kTries = 10;

// Python's round: halves to even, which is also the default of the FPU.
int python_round(double value) { return static_cast<int>(std::nearbyint(value)); }

double between(const Range& range, double u) { return range.low + (range.high - range.low) * u; }

CropWindow central(int height, int width, const Range& ratio) {
  const double picture = static_cast<double>(width) / height;
  int h = height, w = width;
  if (picture < ratio.low) h = python_round(width / ratio.low);
  if (picture > ratio.high) w = python_round(height * ratio.high);
  return {(height - h) / 2, (width - w) / 2, h, w};
}

// Where a side of `size` starts. torchvision first pads a short side to the crop, then takes the whole of it.
int center_start(int side, int size) {
  return size > side ? -((size - side) / 2) : python_round((side - size) / 2.0);
}

}  // namespace

CropWindow random_resized_crop(int height, int width, const Range& scale, const Range& ratio,
                               const std::function<double()>& uniform) {
  const double area = static_cast<double>(height) * width;
  const Range log_ratio{std::log(ratio.low), std::log(ratio.high)};
  for (int i = 0; i < kTries; ++i) {
    const double target = area * between(scale, uniform());
    const double aspect = std::exp(between(log_ratio, uniform()));
    const int w = python_round(std::sqrt(target * aspect));
    const int h = python_round(std::sqrt(target / aspect));
    if (w < 1 || w > width || h < 1 || h > height) continue;
    const int top = static_cast<int>(uniform() * (height - h + 1));
    const int left = static_cast<int>(uniform() * (width - w + 1));
    return {top, left, h, w};
  }
  return central(height, width, ratio);
}

CropWindow single_crop(int height, int width, const Range& scale, const Range& ratio,
                       const std::function<double()>& uniform) {
  const double target = static_cast<double>(height) * width * between(scale, uniform());
  const double aspect = std::exp(between({std::log(ratio.low), std::log(ratio.high)}, uniform()));
  const int w = std::clamp(python_round(std::sqrt(target * aspect)), 1, width);
  const int h = std::clamp(python_round(std::sqrt(target / aspect)), 1, height);
  const int top = static_cast<int>(uniform() * (height - h + 1));
  const int left = static_cast<int>(uniform() * (width - w + 1));
  return {top, left, h, w};
}

CropWindow center_crop(int height, int width, int size) {
  return {center_start(height, size), center_start(width, size), size, size};
}

}  // namespace repbench
