#include "datasets/images/colour_jitter.h"

#include <algorithm>
#include <utility>

#include "datasets/images/colour.h"

namespace repbench {

JitterDraw draw_jitter(const JitterRanges& ranges, RandomStream& stream) {
  JitterDraw draw{{JitterPart::brightness, JitterPart::contrast, JitterPart::saturation, JitterPart::hue},
                  {1.0, 1.0, 1.0, 0.0}};
  for (size_t last = draw.order.size() - 1; last > 0; --last) {
    std::swap(draw.order[last],
              draw.order[static_cast<size_t>(stream.integer(static_cast<int64_t>(last) + 1))]);
  }
  const std::array<double, 3> factors = {ranges.brightness, ranges.contrast, ranges.saturation};
  for (size_t part = 0; part < factors.size(); ++part) {
    if (factors[part] == 0.0) continue;
    draw.values[part] = stream.uniform(std::max(0.0, 1.0 - factors[part]), 1.0 + factors[part]);
  }
  if (ranges.hue != 0.0) draw.values[3] = stream.uniform(-ranges.hue, ranges.hue);
  return draw;
}

void jitter(const PixelBuffer& pixels, const JitterDraw& draw) {
  for (const JitterPart part : draw.order) {
    const double value = draw.values[static_cast<size_t>(part)];
    switch (part) {
      case JitterPart::brightness:
        adjust_brightness(pixels, value);
        break;
      case JitterPart::contrast:
        adjust_contrast(pixels, value);
        break;
      case JitterPart::saturation:
        adjust_saturation(pixels, value);
        break;
      case JitterPart::hue:
        // The way to 8-bit HSV and back costs bits even where the hue stays.
        if (value != 0.0) adjust_hue(pixels, value);
        break;
    }
  }
}

}  // namespace repbench
