#include "datasets/images/levels.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace repbench {
namespace {

using Table = std::array<uint8_t, 256>;
using Histogram = std::array<int64_t, 256>;

template <typename Rule>
Table table_of(Rule rule) {
  Table table;
  for (int value = 0; value < 256; ++value) table[value] = static_cast<uint8_t>(rule(value));
  return table;
}

Table unchanged() {
  return table_of([](int value) { return value; });
}

template <typename Rule>
void change_values(const PixelBuffer& pixels, Rule rule) {
  const Table table = table_of(rule);
  for (size_t i = 0; i < pixels.bytes(); ++i) pixels.data[i] = table[pixels.data[i]];
}

// Each channel by the table that its histogram gives.
void change_channels(const PixelBuffer& pixels, Table (*table_for)(const Histogram&)) {
  const auto step = static_cast<size_t>(pixels.channels);
  for (size_t c = 0; c < step; ++c) {
    Histogram histogram{};
    for (size_t i = c; i < pixels.bytes(); i += step) ++histogram[pixels.data[i]];
    const Table table = table_for(histogram);
    for (size_t i = c; i < pixels.bytes(); i += step) pixels.data[i] = table[pixels.data[i]];
  }
}

Table stretched(const Histogram& histogram) {
  int low = 0, high = 255;
  while (low < 255 && histogram[low] == 0) ++low;
  while (high > 0 && histogram[high] == 0) --high;
  if (high <= low) return unchanged();
  const double scale = 255.0 / (high - low), offset = -low * scale;
  return table_of([&](int value) { return std::clamp(static_cast<int>(value * scale + offset), 0, 255); });
}

Table flattened(const Histogram& histogram) {
  int64_t pixels = 0, last = 0, levels = 0;
  for (const int64_t count : histogram) {
    if (count == 0) continue;
    pixels += last = count;
    ++levels;
  }
  const int64_t step = (pixels - last) / 255;
  if (levels <= 1 || step == 0) return unchanged();
  int64_t below = step / 2;
  return table_of([&](int value) {
    const int64_t level = below / step;
    below += histogram[value];
    return std::min<int64_t>(level, 255);
  });
}

}  // namespace

void invert(const PixelBuffer& pixels) {
  change_values(pixels, [](int value) { return 255 - value; });
}

void solarise(const PixelBuffer& pixels, int threshold) {
  change_values(pixels, [&](int value) { return value < threshold ? value : 255 - value; });
}

void solarise_add(const PixelBuffer& pixels, int addition, int threshold) {
  change_values(pixels,
                [&](int value) { return value < threshold ? std::min(value + addition, 255) : value; });
}

void posterise(const PixelBuffer& pixels, int bits) {
  const int mask = 0xff & ~((1 << (8 - std::clamp(bits, 0, 8))) - 1);
  change_values(pixels, [&](int value) { return value & mask; });
}

void autocontrast(const PixelBuffer& pixels) { change_channels(pixels, stretched); }

void equalise(const PixelBuffer& pixels) { change_channels(pixels, flattened); }

}  // namespace repbench
