#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "datasets/random.h"

// What a picture of the data set `shapes` shows: everything but the pixels and the words. Lengths are whole
// 65536ths of the picture's side, so that a scene is the same on every machine.

namespace repbench {

enum class Shape : uint8_t { circle, square, triangle, diamond, star, cross, ring, heart };
enum class Colour : uint8_t { red, green, blue, yellow, orange, purple, white, black };
enum class Relation : uint8_t { left_of, right_of, above, below };

/// Plain words, in the order of the values.
std::span<const std::string> shape_names();
std::span<const std::string> colour_names();
std::span<const std::string> relation_names();

constexpr int kSide = 1 << 16;

struct SceneObject {
  Shape shape;
  Colour colour;
  int x, y;                  // of the centre, from the top left corner
  int radius;                // half the side of the square that it fills
  int tilt;                  // tangent of half the angle, in 65536ths; at most 12 degrees either way
  std::array<int, 3> shade;  // what its red, green and blue differ from the colour's usual ones

  bool operator==(const SceneObject&) const = default;
};

/// One to three objects, no two of which have both shape and colour in common or cover each other. Of two
/// objects the first is the larger one (by half at least), and lies so that the distance in the relation's
/// direction is at least twice the distance across.
struct Scene {
  std::vector<SceneObject> objects;
  Relation relation =
      Relation::left_of;  // of the larger to the smaller one; says nothing unless there are two

  bool operator==(const Scene&) const = default;
};

/// How many objects: half of the scenes one, 40 % two and 10 % three; one; two; or a third of the scenes
/// each.
enum class Layout : uint8_t { mixed, one, two, even };

/// Which (shape, colour) pairs: those that training shows, or the eight that it never does.
enum class Pairs : uint8_t { seen, held_out };

/// Number s of the shapes is held out with number (3 s + 2) mod 8 of the colours: each shape once, each
/// colour once.
bool is_held_out(Shape shape, Colour colour);

/// The scenes of a split. No scene of a training split is in a test split: the first object's `x` is even in
/// the one and odd in the other.
struct SceneSource {
  uint64_t seed = 0;
  bool test = false;
  Layout layout = Layout::mixed;
  Pairs pairs = Pairs::seen;

  Scene scene(int64_t index) const;

  /// Numbers for another purpose in the scene's picture.
  RandomStream stream(Purpose purpose, int64_t index) const;
};

}  // namespace repbench
