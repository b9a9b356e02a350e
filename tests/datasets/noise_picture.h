#pragma once

#include "datasets/images/image.h"
#include "datasets/random.h"

namespace repbench {

/// Random pixels, the same for the same arguments.
inline Image noise_picture(int height, int width, int channels, uint64_t seed = 1) {
  Image image{height, width, channels, {}};
  RandomStream stream(seed, Purpose::initialise, 0, 0);
  for (int i = 0; i < height * width * channels; ++i) {
    image.pixels.push_back(static_cast<uint8_t>(stream.bits() & 255));
  }
  return image;
}

}  // namespace repbench
