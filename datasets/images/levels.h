#pragma once

#include "datasets/images/pixel_buffer.h"

// Changes in place that send each value to another one: Pillow's ImageOps, bit for bit.

namespace repbench {

void invert(const PixelBuffer& pixels);

/// Inverts values from `threshold` up; 256 changes nothing.
void solarise(const PixelBuffer& pixels, int threshold);

/// Adds `addition` (0 to 255), up to 255, to values below `threshold` (timm's SolarizeAdd).
void solarise_add(const PixelBuffer& pixels, int addition, int threshold = 128);

/// Keeps the upper `bits` (0 to 8; with 0 all is black, which timm asks for and Pillow 13 refuses).
void posterise(const PixelBuffer& pixels, int bits);

/// Stretches each channel to 0 ... 255.
void autocontrast(const PixelBuffer& pixels);

/// Makes each channel's histogram flat.
void equalise(const PixelBuffer& pixels);

}  // namespace repbench
