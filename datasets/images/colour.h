#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "datasets/images/pixel_buffer.h"

// Colour changes in place, as torchvision makes them of Pillow pictures. A factor of 1 changes nothing.

namespace repbench {

/// RGB.
using Colour = std::array<uint8_t, 3>;

/// As written in a specification: "124,116,104".
std::string written(const Colour& colour);

/// In a picture of so many channels: its grey (Rec. 601) first where there is one.
Colour shown_in(const Colour& colour, int channels);

/// Rec. 601 luma in Pillow's fixed point.
inline uint8_t luma(const uint8_t* rgb) {
  return static_cast<uint8_t>((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16);
}

/// Pillow's Image.blend of one value: from + factor * (to - from) in single precision, truncated and clipped.
inline uint8_t blend(int from, int to, float factor) {
  const float value = static_cast<float>(from) + factor * static_cast<float>(to - from);
  return static_cast<uint8_t>(std::clamp(value, 0.0F, 255.0F));
}

/// ImageEnhance.Brightness: towards black (0), or away from it (above 1).
void adjust_brightness(const PixelBuffer& pixels, double factor);

/// ImageEnhance.Contrast: towards the mean grey.
void adjust_contrast(const PixelBuffer& pixels, double factor);

/// ImageEnhance.Color: towards each pixel's own grey. Grey pictures stay.
void adjust_saturation(const PixelBuffer& pixels, double factor);

/// torchvision's adjust_hue through Pillow's 8-bit HSV; `shift` in [-0.5, 0.5] of the circle. Grey pictures
/// stay.
void adjust_hue(const PixelBuffer& pixels, double shift);

/// Three equal channels. Grey pictures stay.
void make_grey(const PixelBuffer& pixels);

}  // namespace repbench
