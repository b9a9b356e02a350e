#include "reports/heat.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace repbench {
namespace {

constexpr double kOpacity = 0.6;  // of the colours over the picture

// Matplotlib's inferno at seven equal distances, its black end left out: it would hide the picture.
constexpr std::array<std::array<double, 3>, 7> kAnchors = {{{31, 12, 72},
                                                            {85, 15, 109},
                                                            {136, 34, 106},
                                                            {186, 54, 85},
                                                            {227, 89, 51},
                                                            {249, 149, 10},
                                                            {249, 229, 125}}};

double grey(const Pixels& picture, size_t pixel) {
  if (picture.channels == 1) return picture.data[pixel];
  const uint8_t* rgb = &picture.data[3 * pixel];
  return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
}

}  // namespace

std::array<uint8_t, 3> heat_colour(double share) {
  const double place = std::clamp(share, 0.0, 1.0) * (kAnchors.size() - 1);
  const size_t below = std::min(static_cast<size_t>(place), kAnchors.size() - 2);
  std::array<uint8_t, 3> colour{};
  for (size_t c = 0; c < 3; ++c) {
    colour[c] = static_cast<uint8_t>(std::lround(
        std::lerp(kAnchors[below][c], kAnchors[below + 1][c], place - static_cast<double>(below))));
  }
  return colour;
}

Pixels heat_cell(double share) {
  const std::array<uint8_t, 3> colour = heat_colour(share);
  return {1, 1, 3, {colour.begin(), colour.end()}};
}

Pixels heat_over(const Pixels& picture, std::span<const float> values, int rows, int columns) {
  if (rows < 1 || columns < 1 || values.size() != static_cast<size_t>(rows) * static_cast<size_t>(columns)) {
    throw std::invalid_argument(
        fmt::format("[heat_over] expected {} x {} values; got {}", rows, columns, values.size()));
  }
  const cv::Mat grid(rows, columns, CV_32FC1, const_cast<float*>(values.data()));
  cv::Mat heat;
  cv::resize(grid, heat, {picture.width, picture.height}, 0, 0, cv::INTER_LINEAR);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double range = *high > *low ? *high - *low : 1;
  Pixels out{picture.height, picture.width, 3, {}};
  out.data.reserve(3 * heat.total());
  for (size_t pixel = 0; pixel < heat.total(); ++pixel) {
    const std::array<uint8_t, 3> colour = heat_colour((heat.ptr<float>()[pixel] - *low) / range);
    for (const uint8_t part : colour) {
      out.data.push_back(
          static_cast<uint8_t>(std::lround(kOpacity * part + (1 - kOpacity) * grey(picture, pixel))));
    }
  }
  return out;
}

}  // namespace repbench
