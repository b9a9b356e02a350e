#include "datasets/kinds/shapes_scene.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace repbench {
namespace {

constexpr int kValues = 8;  // of Shape and of Colour

constexpr int percent(int share) { return kSide * share / 100; }

int between(RandomStream& stream, int low, int high) {
  return low + static_cast<int>(stream.integer(high - low + 1));
}

int draw_count(Layout layout, RandomStream& stream) {
  if (layout == Layout::one) return 1;
  if (layout == Layout::two) return 2;
  if (layout == Layout::even) return between(stream, 1, 3);
  const int tenth = between(stream, 0, 9);
  return tenth < 5 ? 1 : tenth < 9 ? 2 : 3;
}

// Different pairs of the wanted kind, each as likely as any other.
std::vector<SceneObject> draw_objects(int count, Pairs pairs, RandomStream& stream) {
  std::array<std::pair<Shape, Colour>, kValues * kValues> allowed;
  int size = 0;
  for (int i = 0; i < kValues * kValues; ++i) {
    const auto shape = static_cast<Shape>(i / kValues);
    const auto colour = static_cast<Colour>(i % kValues);
    if (is_held_out(shape, colour) == (pairs == Pairs::held_out)) allowed[size++] = {shape, colour};
  }
  std::vector<SceneObject> objects(static_cast<size_t>(count));
  for (SceneObject& object : objects) {
    auto& drawn = allowed[stream.integer(size)];
    std::tie(object.shape, object.colour) = drawn;
    drawn = allowed[--size];
    object.tilt = between(stream, -6881, 6881);  // tan(6 degrees) = 0.105
    for (int& channel : object.shade) channel = between(stream, -10, 10);
  }
  return objects;
}

void place_one(SceneObject& object, RandomStream& stream) {
  object.radius = between(stream, percent(16), percent(36));
  object.x = between(stream, object.radius, kSide - object.radius);
  object.y = between(stream, object.radius, kSide - object.radius);
}

// Draws the relation first, so that all four are equally likely, then places that always fit.
void place_two(Scene& scene, RandomStream& stream) {
  SceneObject& larger = scene.objects[0];
  SceneObject& smaller = scene.objects[1];
  scene.relation = static_cast<Relation>(between(stream, 0, 3));
  larger.radius = between(stream, percent(19), percent(24));
  smaller.radius = larger.radius * between(stream, 57, 66) / 100;
  const int reach = larger.radius + smaller.radius;
  const int distance = between(stream, reach + percent(2), kSide - reach);
  const bool larger_first = scene.relation == Relation::left_of || scene.relation == Relation::above;
  const SceneObject& first = larger_first ? larger : smaller;
  const SceneObject& last = larger_first ? smaller : larger;
  const int begin = between(stream, first.radius, kSide - last.radius - distance);
  const int across = between(stream, larger.radius, kSide - larger.radius);
  const int across_smaller = between(stream, std::max(smaller.radius, across - distance / 2),
                                     std::min(kSide - smaller.radius, across + distance / 2));
  const bool sideways = scene.relation == Relation::left_of || scene.relation == Relation::right_of;
  for (SceneObject* object : {&larger, &smaller}) {
    (sideways ? object->x : object->y) = object == &first ? begin : begin + distance;
    (sideways ? object->y : object->x) = object == &larger ? across : across_smaller;
  }
}

// Each in its own quarter of the picture.
void place_three(std::vector<SceneObject>& objects, RandomStream& stream) {
  std::array<int, 4> quarters = {0, 1, 2, 3};
  int free = 4;
  for (SceneObject& object : objects) {
    int& drawn = quarters[stream.integer(free)];
    const int quarter = std::exchange(drawn, quarters[free - 1]);
    --free;
    object.radius = between(stream, percent(13), percent(19));
    object.x = between(stream, object.radius, kSide / 2 - object.radius) + quarter % 2 * (kSide / 2);
    object.y = between(stream, object.radius, kSide / 2 - object.radius) + quarter / 2 * (kSide / 2);
  }
}

}  // namespace

std::span<const std::string> shape_names() {
  static const std::array<std::string, kValues> kNames = {"circle", "square", "triangle", "diamond",
                                                          "star",   "cross",  "ring",     "heart"};
  return kNames;
}

std::span<const std::string> colour_names() {
  static const std::array<std::string, kValues> kNames = {"red",    "green",  "blue",  "yellow",
                                                          "orange", "purple", "white", "black"};
  return kNames;
}

std::span<const std::string> relation_names() {
  static const std::array<std::string, 4> kNames = {"left of", "right of", "above", "below"};
  return kNames;
}

bool is_held_out(Shape shape, Colour colour) {
  return static_cast<int>(colour) == (3 * static_cast<int>(shape) + 2) % kValues;
}

RandomStream SceneSource::stream(Purpose purpose, int64_t index) const {
  const uint64_t variant =
      static_cast<uint64_t>(layout) << 2 | static_cast<uint64_t>(pairs) << 1 | static_cast<uint64_t>(test);
  // One noise for all: where nothing else is left of a picture, nothing tells what it showed.
  return {seed, purpose, purpose == Purpose::noise ? static_cast<uint64_t>(test) : variant,
          static_cast<uint64_t>(index)};
}

Scene SceneSource::scene(int64_t index) const {
  RandomStream numbers = stream(Purpose::scene, index);
  Scene scene;
  const int count = draw_count(layout, numbers);
  scene.objects = draw_objects(count, pairs, numbers);
  if (count == 1) place_one(scene.objects.front(), numbers);
  if (count == 2) place_two(scene, numbers);
  if (count == 3) place_three(scene.objects, numbers);
  int& x = scene.objects.front().x;
  x = (x & ~1) | static_cast<int>(test);
  return scene;
}

}  // namespace repbench
