#include "datasets/kinds/shapes_captions.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace repbench {
namespace {

std::string_view one_of(std::initializer_list<std::string_view> words, RandomStream& stream) {
  return words.begin()[stream.integer(static_cast<int64_t>(words.size()))];
}

// "red circle"
std::string bare(const SceneObject& object) {
  return fmt::format("{} {}", colour_names()[static_cast<size_t>(object.colour)],
                     shape_names()[static_cast<size_t>(object.shape)]);
}

// "a red circle", "an orange star"
std::string article(const std::string& noun) { return (noun.starts_with('o') ? "an " : "a ") + noun; }

std::string a(const SceneObject& object) { return article(bare(object)); }

std::string sized(const SceneObject& object, std::string_view size) {
  return size.empty() ? a(object) : fmt::format("a {} {}", size, bare(object));
}

// Empty where a reader could disagree.
std::string_view size_alone(const SceneObject& object) {
  if (object.radius < kSide * 21 / 100) return "small";
  return object.radius > kSide * 30 / 100 ? "large" : "";
}

std::string_view place(const SceneObject& object) {
  static constexpr std::string_view kPlaces[3][3] = {
      {"at the top left", "at the top", "at the top right"},
      {"on the left", "in the middle", "on the right"},
      {"at the bottom left", "at the bottom", "at the bottom right"}};
  const auto third = [](int position) {
    return position < kSide * 42 / 100 ? 0 : position > kSide * 58 / 100 ? 2 : 1;
  };
  return kPlaces[third(object.y)][third(object.x)];
}

std::string_view picture(RandomStream& stream) {
  return one_of({"a photo of", "a picture of", "an image of", "a drawing of"}, stream);
}

std::vector<std::string> describe_one(const SceneObject& object, RandomStream& stream) {
  return {a(object), fmt::format("{} {}", picture(stream), a(object)),
          fmt::format("{} {}", picture(stream), sized(object, size_alone(object))),
          fmt::format("{} {}", sized(object, size_alone(object)), place(object)),
          fmt::format("{} {} {}", one_of({"there is", "we see"}, stream), a(object), place(object))};
}

Relation opposite(Relation relation) {
  return static_cast<Relation>(static_cast<int>(relation) ^ 1);  // the values come in pairs
}

// The two objects in the order of mention, and how they lie.
struct Mention {
  const SceneObject *first, *second;
  bool larger_first;
  Relation relation;  // of the first to the second

  Mention(const Scene& scene, RandomStream& stream) : larger_first(stream.integer(2) == 0) {
    first = &scene.objects[larger_first ? 0 : 1];
    second = &scene.objects[larger_first ? 1 : 0];
    relation = larger_first ? scene.relation : opposite(scene.relation);
  }

  // "left of", "to the left of", "above"
  std::string words(RandomStream& stream) const {
    const bool long_form = relation < Relation::above && stream.integer(2) == 0;
    return (long_form ? "to the " : "") + relation_names()[static_cast<size_t>(relation)];
  }
  // "to the left of it", "above it"
  std::string pronoun() const {
    return (relation < Relation::above ? "to the " : "") + relation_names()[static_cast<size_t>(relation)] +
           " it";
  }
  std::string sized_first() const { return sized(*first, larger_first ? "large" : "small"); }
  std::string sized_second() const { return sized(*second, larger_first ? "small" : "large"); }
};

// Draws stand in statements of their own: the order of a call's arguments is the compiler's.
std::vector<std::string> describe_two(const Scene& scene, RandomStream& stream) {
  std::vector<std::string> captions;
  Mention m(scene, stream);
  captions.push_back(fmt::format("{} {} {}", a(*m.first), m.words(stream), a(*m.second)));
  m = Mention(scene, stream);
  const std::string_view start = picture(stream);
  captions.push_back(fmt::format("{} {} {} {}", start, m.sized_first(), m.words(stream), m.sized_second()));
  m = Mention(scene, stream);
  captions.push_back(fmt::format("two objects: {} {} {}", a(*m.first), m.words(stream), a(*m.second)));
  m = Mention(scene, stream);
  captions.push_back(fmt::format("{} with {} {}", a(*m.second), a(*m.first), m.pronoun()));
  m = Mention(scene, stream);
  captions.push_back(fmt::format("the {} is {} the {}", bare(*m.first), m.words(stream), bare(*m.second)));
  return captions;
}

std::vector<std::string> describe_three(const Scene& scene, RandomStream& stream) {
  std::vector<std::string> captions;
  const std::string_view start = picture(stream);
  for (const std::string_view pattern :
       {"{}, {} and {}", "three objects: {}, {} and {}", "we see {}, {} and {}", "{} together with {} and {}",
        "{}, {} and {}"}) {
    std::array<const SceneObject*, 3> order = {&scene.objects[0], &scene.objects[1], &scene.objects[2]};
    std::swap(order[2], order[stream.integer(3)]);
    std::swap(order[1], order[stream.integer(2)]);
    captions.push_back(fmt::format(fmt::runtime(pattern), a(*order[0]), a(*order[1]), a(*order[2])));
  }
  captions.back() = fmt::format("{} {}", start, captions.back());
  return captions;
}

}  // namespace

std::vector<std::string> describe(const Scene& scene, RandomStream& stream) {
  switch (scene.objects.size()) {
    case 1:
      return describe_one(scene.objects.front(), stream);
    case 2:
      return describe_two(scene, stream);
    default:
      return describe_three(scene, stream);
  }
}

}  // namespace repbench
