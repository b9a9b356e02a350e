#include "datasets/images/geometry.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <numbers>
#include <stdexcept>
#include <vector>

namespace repbench {
namespace {

struct Point {
  double x, y;
};

// What Pillow reads around a place: false where that lies outside.
using Sampler = bool (*)(const PixelBuffer& source, Point at, uint8_t* pixel);

bool outside(const PixelBuffer& source, Point at) {
  return at.x < 0.0 || at.x >= source.width || at.y < 0.0 || at.y >= source.height;
}

int floor_of(double value) { return static_cast<int>(std::floor(value)); }

bool sample_bilinear(const PixelBuffer& source, Point at, uint8_t* pixel) {
  if (outside(source, at)) return false;
  const int x = floor_of(at.x - 0.5), y = floor_of(at.y - 0.5);
  const double dx = at.x - 0.5 - x, dy = at.y - 0.5 - y;
  const int channels = source.channels;
  const int left = std::clamp(x, 0, source.width - 1) * channels;
  const int right = std::clamp(x + 1, 0, source.width - 1) * channels;
  const auto along_x = [&](const uint8_t* row, int c) {
    return row[left + c] + (row[right + c] - row[left + c]) * dx;
  };
  for (int c = 0; c < channels; ++c) {
    const double upper = along_x(source.row(std::clamp(y, 0, source.height - 1)), c);
    const double lower = y + 1 < source.height ? along_x(source.row(y + 1), c) : upper;
    pixel[c] = static_cast<uint8_t>(upper + (lower - upper) * dy);
  }
  return true;
}

double cubic(double v1, double v2, double v3, double v4, double d) {
  const double p2 = v3 - v1;
  const double p3 = 2 * (v1 - v2) + v3 - v4;
  const double p4 = -v1 + v2 - v3 + v4;
  return v2 + d * (p2 + d * (p3 + d * p4));
}

bool sample_bicubic(const PixelBuffer& source, Point at, uint8_t* pixel) {
  if (outside(source, at)) return false;
  const int x = floor_of(at.x - 0.5), y = floor_of(at.y - 0.5);
  const double dx = at.x - 0.5 - x, dy = at.y - 0.5 - y;
  int columns[4];
  for (int k = 0; k < 4; ++k) columns[k] = std::clamp(x - 1 + k, 0, source.width - 1) * source.channels;
  for (int c = 0; c < source.channels; ++c) {
    const auto along_x = [&](const uint8_t* row) {
      return cubic(row[columns[0] + c], row[columns[1] + c], row[columns[2] + c], row[columns[3] + c], dx);
    };
    double rows[4];
    rows[0] = along_x(source.row(std::clamp(y - 1, 0, source.height - 1)));
    for (int k = 1; k < 4; ++k) {  // a row outside repeats the one above
      const int wanted = y - 1 + k;
      rows[k] = wanted >= 0 && wanted < source.height ? along_x(source.row(wanted)) : rows[k - 1];
    }
    const double value = cubic(rows[0], rows[1], rows[2], rows[3], dy);
    pixel[c] = static_cast<uint8_t>(std::clamp(value, 0.0, 255.0));
  }
  return true;
}

Sampler sampler_of(Interpolation interpolation) {
  if (interpolation == Interpolation::bilinear) return sample_bilinear;
  if (interpolation == Interpolation::bicubic) return sample_bicubic;
  throw std::invalid_argument(
      fmt::format("[affine] expected bilinear or bicubic interpolation; got {}", name(interpolation)));
}

PixelBuffer copy_of(const PixelBuffer& pixels) {
  thread_local std::vector<uint8_t> copy;
  copy.assign(pixels.data, pixels.data + pixels.bytes());
  return {copy.data(), pixels.height, pixels.width, pixels.channels};
}

void turn_half(const PixelBuffer& pixels) {
  mirror(pixels);
  const size_t row = static_cast<size_t>(pixels.width) * pixels.channels;
  for (int top = 0, bottom = pixels.height - 1; top < bottom; ++top, --bottom) {
    std::swap_ranges(pixels.row(top), pixels.row(top) + row, pixels.row(bottom));
  }
}

// A square by 90 degrees counter-clockwise.
void turn_quarter(const PixelBuffer& pixels) {
  const PixelBuffer source = copy_of(pixels);
  const int channels = pixels.channels;
  for (int y = 0; y < pixels.height; ++y) {
    for (int x = 0; x < pixels.width; ++x) {
      std::memcpy(pixels.row(y) + x * channels, source.row(x) + (pixels.width - 1 - y) * channels, channels);
    }
  }
}

// Python's round(value, 15).
double round_15(double value) { return std::strtod(fmt::format("{:.15f}", value).c_str(), nullptr); }

}  // namespace

void mirror(const PixelBuffer& pixels) {
  const int channels = pixels.channels;
  for (int y = 0; y < pixels.height; ++y) {
    uint8_t* const row = pixels.row(y);
    if (channels == 1) {
      std::reverse(row, row + pixels.width);
      continue;
    }
    for (int left = 0, right = pixels.width - 1; left < right; ++left, --right) {
      std::swap_ranges(row + left * channels, row + (left + 1) * channels, row + right * channels);
    }
  }
}

void affine(const PixelBuffer& pixels, const AffineMap& map, Interpolation interpolation,
            const Colour& fill) {
  const PixelBuffer source = copy_of(pixels);
  const Sampler sample = sampler_of(interpolation);
  const Colour outer = shown_in(fill, pixels.channels);
  uint8_t* pixel = pixels.data;
  for (int y = 0; y < pixels.height; ++y) {
    for (int x = 0; x < pixels.width; ++x, pixel += pixels.channels) {
      const double cx = x + 0.5, cy = y + 0.5;
      const Point at{map[0] * cx + map[1] * cy + map[2], map[3] * cx + map[4] * cy + map[5]};
      if (!sample(source, at, pixel)) std::memcpy(pixel, outer.data(), pixels.channels);
    }
  }
}

void rotate(const PixelBuffer& pixels, double degrees, Interpolation interpolation, const Colour& fill) {
  double angle = std::fmod(degrees, 360.0);
  if (angle < 0) angle += 360.0;
  // Without interpolation, as Pillow.
  if (angle == 0.0) return;
  if (angle == 180.0) return turn_half(pixels);
  const bool square = pixels.width == pixels.height;
  if (square && (angle == 90.0 || angle == 270.0)) {
    turn_quarter(pixels);
    if (angle == 270.0) turn_half(pixels);
    return;
  }
  const double radians = -(angle * (std::numbers::pi / 180.0));
  const double cosine = round_15(std::cos(radians)), sine = round_15(std::sin(radians));
  const double x = pixels.width / 2.0, y = pixels.height / 2.0;
  AffineMap map{cosine, sine, 0.0, round_15(-std::sin(radians)), cosine, 0.0};
  map[2] = map[0] * -x + map[1] * -y + x;
  map[5] = map[3] * -x + map[4] * -y + y;
  affine(pixels, map, interpolation, fill);
}

}  // namespace repbench
