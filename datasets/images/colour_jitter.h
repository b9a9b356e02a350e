#pragma once

#include <array>

#include "datasets/images/pixel_buffer.h"
#include "datasets/random.h"

// torchvision's ColorJitter.

namespace repbench {

/// How far each may go: factors from max(0, 1 - range) to 1 + range, hue from -range to range. 0: left alone.
struct JitterRanges {
  double brightness, contrast, saturation, hue;
};

enum class JitterPart { brightness, contrast, saturation, hue };

struct JitterDraw {
  std::array<JitterPart, 4> order;
  std::array<double, 4> values;  // by part: three factors and a shift; 1, 1, 1, 0 change nothing
};

/// Draws the order (three integers), then a value for each range that is not 0.
JitterDraw draw_jitter(const JitterRanges& ranges, RandomStream& stream);

void jitter(const PixelBuffer& pixels, const JitterDraw& draw);

}  // namespace repbench
