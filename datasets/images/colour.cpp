#include "datasets/images/colour.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace repbench {
namespace {

uint8_t clip(int value) { return static_cast<uint8_t>(std::clamp(value, 0, 255)); }

struct Hsv {
  uint8_t hue, saturation, value;
};

// Pillow's arithmetic: single precision, but double where a constant is.
Hsv to_hsv(const uint8_t* rgb) {
  const int r = rgb[0], g = rgb[1], b = rgb[2];
  const int most = std::max({r, g, b}), least = std::min({r, g, b});
  if (most == least) return {0, 0, clip(most)};
  const auto range = static_cast<float>(most - least);
  const float red = static_cast<float>(most - r) / range;
  const float green = static_cast<float>(most - g) / range;
  const float blue = static_cast<float>(most - b) / range;
  float hue;
  if (r == most) {
    hue = blue - green;
  } else if (g == most) {
    hue = static_cast<float>(2.0 + red - blue);
  } else {
    hue = static_cast<float>(4.0 + green - red);
  }
  hue = static_cast<float>(std::fmod(hue / 6.0 + 1.0, 1.0));
  const float saturation = range / static_cast<float>(most);
  return {clip(static_cast<int>(hue * 255.0)), clip(static_cast<int>(saturation * 255.0)), clip(most)};
}

void to_rgb(const Hsv& hsv, uint8_t* rgb) {
  const uint8_t v = hsv.value;
  if (hsv.saturation == 0) {
    rgb[0] = rgb[1] = rgb[2] = v;
    return;
  }
  const double sixth = static_cast<float>(hsv.hue) * 6.0 / 255.0;
  const int sector = static_cast<int>(std::floor(sixth));
  const auto f = static_cast<float>(sixth - static_cast<float>(sector));
  const auto s = static_cast<float>(static_cast<float>(hsv.saturation) / 255.0);
  const auto of_value = [&](double part) { return clip(static_cast<int>(std::round(v * part))); };
  const uint8_t p = of_value(1.0 - s), q = of_value(1.0 - s * f), t = of_value(1.0 - s * (1.0 - f));
  const std::array<Colour, 6> sectors = {{{v, t, p}, {q, v, p}, {p, v, t}, {p, q, v}, {t, p, v}, {v, p, q}}};
  std::copy_n(sectors[static_cast<size_t>(sector % 6)].begin(), 3, rgb);
}

template <typename Change>
void change_pixels(const PixelBuffer& pixels, Change change) {
  for (uint8_t* pixel = pixels.data; pixel < pixels.data + pixels.bytes(); pixel += 3) change(pixel);
}

// Every value towards one level.
void blend_with(const PixelBuffer& pixels, int level, float factor) {
  if (factor == 1.0F) return;
  std::array<uint8_t, 256> table;
  for (int value = 0; value < 256; ++value) table[value] = blend(level, value, factor);
  for (size_t i = 0; i < pixels.bytes(); ++i) pixels.data[i] = table[pixels.data[i]];
}

}  // namespace

std::string written(const Colour& colour) { return fmt::format("{}", fmt::join(colour, ",")); }

Colour shown_in(const Colour& colour, int channels) {
  return channels == 1 ? Colour{luma(colour.data())} : colour;
}

void adjust_brightness(const PixelBuffer& pixels, double factor) {
  blend_with(pixels, 0, static_cast<float>(factor));
}

void adjust_contrast(const PixelBuffer& pixels, double factor) {
  uint64_t sum = 0;
  if (pixels.channels == 1) {
    for (size_t i = 0; i < pixels.count(); ++i) sum += pixels.data[i];
  } else {
    change_pixels(pixels, [&](const uint8_t* pixel) { sum += luma(pixel); });
  }
  const double mean = static_cast<double>(sum) / static_cast<double>(pixels.count());
  blend_with(pixels, static_cast<int>(mean + 0.5), static_cast<float>(factor));
}

void adjust_saturation(const PixelBuffer& pixels, double factor) {
  const auto single = static_cast<float>(factor);
  if (pixels.channels == 1 || single == 1.0F) return;
  change_pixels(pixels, [&](uint8_t* pixel) {
    const int grey = luma(pixel);
    for (int c = 0; c < 3; ++c) pixel[c] = blend(grey, pixel[c], single);
  });
}

void adjust_hue(const PixelBuffer& pixels, double shift) {
  if (pixels.channels == 1) return;
  const auto turn = static_cast<uint8_t>(static_cast<int>(shift * 255));
  change_pixels(pixels, [&](uint8_t* pixel) {
    Hsv hsv = to_hsv(pixel);
    hsv.hue = static_cast<uint8_t>(hsv.hue + turn);
    to_rgb(hsv, pixel);
  });
}

void make_grey(const PixelBuffer& pixels) {
  if (pixels.channels == 1) return;
  change_pixels(pixels, [](uint8_t* pixel) { pixel[0] = pixel[1] = pixel[2] = luma(pixel); });
}

}  // namespace repbench
