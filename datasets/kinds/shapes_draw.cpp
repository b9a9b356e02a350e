#include "datasets/kinds/shapes_draw.h"

#include "datasets/kinds/shapes_canvas.h"
#include "datasets/kinds/shapes_outlines.h"

namespace repbench {
namespace {

using Rgb = std::array<float, 3>;

constexpr std::array<Rgb, 8> kPaint = {{{214, 28, 36},
                                        {28, 150, 48},
                                        {32, 72, 214},
                                        {240, 222, 36},
                                        {244, 130, 22},
                                        {136, 40, 168},
                                        {241, 241, 241},
                                        {14, 14, 14}}};

float between(RandomStream& stream, float low, float high) {
  return low + (high - low) * (static_cast<float>(stream.bits() >> 8) * 0x1p-24f);
}

// Muted and of middle brightness, so that white, black and every colour stand out.
void paint_background(Canvas& canvas, RandomStream& stream) {
  const float grey = between(stream, 100, 160);
  Rgb tint;
  for (float& channel : tint) channel = grey + between(stream, -15, 15);
  const float step = 1.0f / static_cast<float>(canvas.side);
  const float slope_x = between(stream, -30, 30) * step, slope_y = between(stream, -30, 30) * step;
  for (int y = 0; y < canvas.side; ++y) {
    float* output = canvas.row(y);
    for (int x = 0; x < canvas.side; ++x, output += 3) {
      const float slope = slope_x * (static_cast<float>(x) - 0.5f * static_cast<float>(canvas.side)) +
                          slope_y * (static_cast<float>(y) - 0.5f * static_cast<float>(canvas.side));
      for (int c = 0; c < 3; ++c) output[c] = tint[c] + slope;
    }
  }
  const int cells = 3 + static_cast<int>(stream.integer(5));
  add_blobs(canvas, cells, 16, 6, stream);
  add_blobs(canvas, 3 * cells, 8, 2, stream);
  add_grain(canvas, 6, stream);
}

template <class Distance>
void paint_object(Canvas& canvas, const SceneObject& object, Distance distance) {
  const float pixels = static_cast<float>(canvas.side) / kSide;
  const float centre_x = static_cast<float>(object.x) * pixels;
  const float centre_y = static_cast<float>(object.y) * pixels;
  const float radius = static_cast<float>(object.radius) * pixels;
  // The angle by its half's tangent: no sine that libraries round differently.
  const float t = static_cast<float>(object.tilt) / kSide;
  const float cosine = (1.0f - t * t) / (1.0f + t * t) / radius, sine = 2.0f * t / (1.0f + t * t) / radius;
  Rgb paint = kPaint[static_cast<size_t>(object.colour)];
  for (size_t c = 0; c < 3; ++c) paint[c] += static_cast<float>(object.shade[c]);
  const float reach = 1.1f * radius + 1.0f;
  const auto first = [&](float centre) { return std::max(0, static_cast<int>(centre - reach)); };
  const auto end = [&](float centre) { return std::min(canvas.side, static_cast<int>(centre + reach) + 1); };
  for (int y = first(centre_y); y < end(centre_y); ++y) {
    const float dy = static_cast<float>(y) + 0.5f - centre_y;
    for (int x = first(centre_x); x < end(centre_x); ++x) {
      const float dx = static_cast<float>(x) + 0.5f - centre_x;
      const Point point{dx * cosine + dy * sine, dy * cosine - dx * sine};
      const float cover = std::clamp(0.5f - distance(point) * radius, 0.0f, 1.0f);
      float* output = canvas.row(y) + x * 3;
      for (int c = 0; c < 3; ++c) output[c] += cover * (paint[c] - output[c]);
    }
  }
}

void paint_object(Canvas& canvas, const SceneObject& object) {
  // A lambda each: a function's address would be called for every pixel.
  switch (object.shape) {
    case Shape::circle:
      return paint_object(canvas, object, [](Point p) { return circle_distance(p); });
    case Shape::square:
      return paint_object(canvas, object, [](Point p) { return square_distance(p); });
    case Shape::triangle:
      return paint_object(canvas, object, [](Point p) { return triangle_distance(p); });
    case Shape::diamond:
      return paint_object(canvas, object, [](Point p) { return diamond_distance(p); });
    case Shape::star:
      return paint_object(canvas, object, [](Point p) { return star_distance(p); });
    case Shape::cross:
      return paint_object(canvas, object, [](Point p) { return cross_distance(p); });
    case Shape::ring:
      return paint_object(canvas, object, [](Point p) { return ring_distance(p); });
    case Shape::heart:
      return paint_object(canvas, object, [](Point p) { return heart_distance(p); });
  }
}

}  // namespace

Image draw_scene(const Scene& scene, int size, double noise, RandomStream texture,
                 RandomStream noise_stream) {
  Canvas canvas(size);
  if (noise < 1.0) {
    paint_background(canvas, texture);
    for (const SceneObject& object : scene.objects) paint_object(canvas, object);
  }
  if (noise > 0.0) blend(canvas, noise_canvas(size, noise_stream), static_cast<float>(noise));
  return to_image(canvas);
}

}  // namespace repbench
