#include "datasets/kinds/shapes_canvas.h"

#include <algorithm>

namespace repbench {
namespace {

// A uniform value in (-1, 1), exact in single precision.
float spread(uint32_t byte) { return static_cast<float>(2 * static_cast<int>(byte) - 255) * (1.0f / 256.0f); }

// For every pixel of a line: the corner before it, and the weight of the corner behind it.
struct Blending {
  std::vector<int> corner;
  std::vector<float> weight;

  Blending(int side, int cells) : corner(static_cast<size_t>(side)), weight(static_cast<size_t>(side)) {
    for (int i = 0; i < side; ++i) {
      const int position = (2 * i + 1) * cells;  // of the pixel's centre, in 1 / (2 side) of a cell
      corner[i] = position / (2 * side);
      const float t = static_cast<float>(position % (2 * side)) / static_cast<float>(2 * side);
      weight[i] = t * t * (3.0f - 2.0f * t);
    }
  }
};

std::vector<float> draw_corners(int cells, float grey, float colour, RandomStream& stream) {
  std::vector<float> corners;
  corners.reserve(static_cast<size_t>(cells + 1) * (cells + 1) * 3);
  for (int i = 0; i < (cells + 1) * (cells + 1); ++i) {
    const uint32_t bits = stream.bits();
    const float shared = grey * spread(bits >> 24);
    for (const int shift : {0, 8, 16}) corners.push_back(shared + colour * spread(bits >> shift & 255));
  }
  return corners;
}

}  // namespace

void add_blobs(Canvas& canvas, int cells, float grey, float colour, RandomStream& stream) {
  const std::vector<float> corners = draw_corners(cells, grey, colour, stream);
  const Blending blending(canvas.side, cells);
  const int width = (cells + 1) * 3;
  std::vector<float> line(static_cast<size_t>(width));
  for (int y = 0; y < canvas.side; ++y) {
    const float* above = corners.data() + blending.corner[y] * width;
    for (int i = 0; i < width; ++i) line[i] = above[i] + blending.weight[y] * (above[i + width] - above[i]);
    float* output = canvas.row(y);
    for (int x = 0; x < canvas.side; ++x, output += 3) {
      const float* left = line.data() + blending.corner[x] * 3;
      const float weight = blending.weight[x];
      for (int c = 0; c < 3; ++c) output[c] += left[c] + weight * (left[c + 3] - left[c]);
    }
  }
}

void add_grain(Canvas& canvas, float grey, RandomStream& stream) {
  uint32_t bits = 0;
  for (size_t pixel = 0; pixel < canvas.values.size() / 3; ++pixel, bits >>= 8) {
    if (pixel % 4 == 0) bits = stream.bits();
    const float value = grey * spread(bits & 255);
    for (size_t c = 0; c < 3; ++c) canvas.values[pixel * 3 + c] += value;
  }
}

Canvas noise_canvas(int side, RandomStream& stream) {
  Canvas canvas(side);
  uint32_t bits = 0;
  for (size_t i = 0; i < canvas.values.size(); ++i, bits >>= 8) {
    if (i % 4 == 0) bits = stream.bits();
    canvas.values[i] = 127.5f + 80.0f * spread(bits & 255);
  }
  // White noise alone would average out over an object, and scores would fall only at the very end.
  for (const int cells : {3, 6, 12}) add_blobs(canvas, cells, 16.0f, 48.0f, stream);
  for (float& value : canvas.values) value = std::clamp(value, 0.0f, 255.0f);
  return canvas;
}

void blend(Canvas& canvas, const Canvas& noise, float share) {
  for (size_t i = 0; i < canvas.values.size(); ++i) {
    canvas.values[i] = (1.0f - share) * canvas.values[i] + share * noise.values[i];
  }
}

Image to_image(const Canvas& canvas) {
  Image image{canvas.side, canvas.side, 3, std::vector<uint8_t>(canvas.values.size())};
  for (size_t i = 0; i < canvas.values.size(); ++i) {
    image.pixels[i] = static_cast<uint8_t>(std::clamp(canvas.values[i], 0.0f, 255.0f) + 0.5f);
  }
  return image;
}

}  // namespace repbench
