#include "datasets/images/erase.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace repbench {
namespace {

constexpr int kTries = 10;

struct Level {
  double mean, deviation;
};
constexpr std::array<Level, 3> kColour = {{{0.485, 0.229}, {0.456, 0.224}, {0.406, 0.225}}};
constexpr Level kGrey{0.449, 0.226};

Level level_of(int channel, int channels) { return channels == 1 ? kGrey : kColour[channel]; }

uint8_t value_at(const Level& level, double deviations) {
  const double value = std::nearbyint(255.0 * (level.mean + level.deviation * deviations));
  return static_cast<uint8_t>(std::clamp(value, 0.0, 255.0));
}

}  // namespace

CropWindow draw_erased(int height, int width, RandomStream& stream) {
  const double area = static_cast<double>(height) * width, widest = std::log(1 / 0.3);
  for (int i = 0; i < kTries; ++i) {
    const double target = stream.uniform(0.02, 1.0 / 3.0) * area;
    const double ratio = std::exp(stream.uniform(-widest, widest));
    const int h = static_cast<int>(std::nearbyint(std::sqrt(target * ratio)));
    const int w = static_cast<int>(std::nearbyint(std::sqrt(target / ratio)));
    if (h >= height || w >= width) continue;
    const int top = static_cast<int>(stream.integer(height - h + 1));
    const int left = static_cast<int>(stream.integer(width - w + 1));
    return {top, left, h, w};
  }
  return {0, 0, 0, 0};
}

void erase(const PixelBuffer& pixels, const CropWindow& window, EraseMode mode, RandomStream& stream) {
  const int channels = pixels.channels;
  std::array<uint8_t, 3> colour{};
  const auto draw = [&] {
    for (int c = 0; c < channels; ++c) {
      colour[c] = value_at(level_of(c, channels), mode == EraseMode::constant ? 0.0 : stream.normal());
    }
  };
  if (mode != EraseMode::pixel) draw();
  for (int y = window.top; y < window.top + window.height; ++y) {
    uint8_t* pixel = pixels.row(y) + static_cast<int64_t>(window.left) * channels;
    for (int x = 0; x < window.width; ++x, pixel += channels) {
      if (mode == EraseMode::pixel) draw();
      std::copy_n(colour.begin(), channels, pixel);
    }
  }
}

}  // namespace repbench
