#include "datasets/picture_print.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <vector>

#include "datasets/images/decode.h"
#include "datasets/images/resize.h"
#include "files/hash.h"

namespace repbench {
namespace {

constexpr int kSamples = 32, kFrequencies = 8;

using Waves = std::array<std::array<double, kSamples>, kFrequencies>;

const Waves& waves() {
  static const Waves table = [] {
    Waves made{};
    for (int k = 0; k < kFrequencies; ++k) {
      for (int x = 0; x < kSamples; ++x) made[k][x] = std::cos(std::numbers::pi * (x + 0.5) * k / kSamples);
    }
    return made;
  }();
  return table;
}

uint64_t phash_of(const Image& grey) {
  std::array<std::array<double, kFrequencies>, kSamples> rows{};  // transformed along x
  for (int y = 0; y < kSamples; ++y) {
    for (int k = 0; k < kFrequencies; ++k) {
      for (int x = 0; x < kSamples; ++x) rows[y][k] += grey.row(y)[x] * waves()[k][x];
    }
  }
  std::array<double, kFrequencies * kFrequencies> values{};
  for (int j = 0; j < kFrequencies; ++j) {
    for (int k = 0; k < kFrequencies; ++k) {
      for (int y = 0; y < kSamples; ++y) values[j * kFrequencies + k] += rows[y][k] * waves()[j][y];
    }
  }
  std::array<double, kFrequencies* kFrequencies> sorted = values;
  std::nth_element(sorted.begin(), sorted.begin() + sorted.size() / 2, sorted.end());
  const double median = sorted[sorted.size() / 2];
  uint64_t bits = 0;
  for (size_t i = 0; i < values.size(); ++i) bits |= static_cast<uint64_t>(values[i] > median) << i;
  return bits;
}

}  // namespace

PicturePrint print_of(const Image& image) {
  PicturePrint print;
  Sha256 hash;
  hash.update(fmt::format("{}x{}x{}\n", image.height, image.width, image.channels));
  hash.update(std::as_bytes(std::span(image.pixels)));
  print.pixels = hash.hex();
  const Image small = resize(image, kSamples, kSamples, Interpolation::bilinear);
  print.phash = phash_of(convert(small, 1));
  const Image thumbnail =
      convert(resize(image, PicturePrint::kSide, PicturePrint::kSide, Interpolation::bilinear), 3);
  std::copy(thumbnail.pixels.begin(), thumbnail.pixels.end(), print.thumbnail.begin());
  return print;
}

double thumbnail_difference(const PicturePrint& a, const PicturePrint& b) {
  constexpr size_t kPixels = size_t{PicturePrint::kSide} * PicturePrint::kSide;
  double sum = 0;
  for (size_t c = 0; c < 3; ++c) {
    int64_t mean = 0, square = 0;
    for (size_t i = c; i < a.thumbnail.size(); i += 3) {
      const int difference = int{a.thumbnail[i]} - int{b.thumbnail[i]};
      mean += difference;
      square += difference * difference;
    }
    sum += static_cast<double>(square) - static_cast<double>(mean * mean) / kPixels;
  }
  return std::sqrt(std::max(sum, 0.0) / static_cast<double>(a.thumbnail.size()));
}

}  // namespace repbench
