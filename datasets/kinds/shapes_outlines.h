#pragma once

#include <algorithm>
#include <cmath>

#include "datasets/kinds/shapes_scene.h"

// Each shape in its own square from -1 to 1 (y points down), as the signed distance of a point from its
// outline: negative inside. Exact near the edges, which is where pixels are partly covered.

namespace repbench {

struct Point {
  float x, y;
};

inline float length(float x, float y) { return std::sqrt(x * x + y * y); }

inline float circle_distance(Point p) { return length(p.x, p.y) - 0.95f; }

inline float square_distance(Point p) { return std::max(std::abs(p.x), std::abs(p.y)) - 0.8f; }

inline float ring_distance(Point p) { return std::abs(length(p.x, p.y) - 0.74f) - 0.24f; }

// Corners (0, -0.95), (+-0.95, 0.7).
inline float triangle_distance(Point p) {
  constexpr float kNormalX = 0.8666f, kNormalY = -0.4990f;  // of the right edge
  const float side = std::abs(p.x) * kNormalX + (p.y + 0.95f) * kNormalY;
  return std::max(side, p.y - 0.7f);
}

// A rhombus, narrower than it is high: never a turned square.
inline float diamond_distance(Point p) {
  constexpr float kNormalX = 0.8480f, kNormalY = 0.5300f;
  return std::abs(p.x) * kNormalX + std::abs(p.y) * kNormalY - 0.53f;  // corners (+-0.625, 0), (0, +-1)
}

inline float cross_distance(Point p) {
  const float x = std::abs(p.x), y = std::abs(p.y);
  return std::min(std::max(x - 0.95f, y - 0.3f), std::max(x - 0.3f, y - 0.95f));
}

// Five points: folded into one fifth, then the distance from one edge.
inline float star_distance(Point p) {
  constexpr float kCos = 0.809017f, kSin = 0.587785f;  // of 36 degrees
  constexpr float kRadius = 1.0f, kInner = 0.45f;
  float x = std::abs(p.x), y = -p.y;
  for (const float normal_x : {kCos, -kCos}) {
    const float beyond = 2.0f * std::max(normal_x * x - kSin * y, 0.0f);
    x -= beyond * normal_x;
    y += beyond * kSin;
  }
  x = std::abs(x);
  y -= kRadius;
  constexpr float kEdgeX = kInner * kSin, kEdgeY = kInner * kCos - 1.0f;
  const float along = (x * kEdgeX + y * kEdgeY) / (kEdgeX * kEdgeX + kEdgeY * kEdgeY);
  const float on_edge = std::clamp(along, 0.0f, kRadius);
  const float distance = length(x - kEdgeX * on_edge, y - kEdgeY * on_edge);
  return y * kEdgeX - x * kEdgeY > 0.0f ? distance : -distance;
}

// A square on its corner with two half discs.
inline float heart_distance(Point p) {
  constexpr float kScale = 1.62f;
  const float x = std::abs(p.x) / kScale, y = 0.54f - p.y / kScale;
  if (x + y > 1.0f) return (length(x - 0.25f, y - 0.75f) - 0.353553f) * kScale;
  const float diagonal = 0.5f * std::max(x + y, 0.0f);
  const float distance = std::min(length(x, y - 1.0f), length(x - diagonal, y - diagonal)) * kScale;
  return x > y ? distance : -distance;
}

}  // namespace repbench
