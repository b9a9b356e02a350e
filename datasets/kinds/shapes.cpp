#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "configs/options.h"
#include "datasets/dataset.h"
#include "datasets/kinds/shapes_captions.h"
#include "datasets/kinds/shapes_draw.h"
#include "datasets/kinds/shapes_scene.h"
#include "files/hash.h"
#include "files/nearest.h"

namespace repbench {
namespace {

// Goes up when a picture, a label or a caption changes for the same settings.
constexpr int kVersion = 1;

const std::array<std::string, 2> kSplits = {"train", "test"};

struct ShapesOptions {
  std::string task = "captions";
  std::string pairs = "seen";
  int64_t size = 48;
  double noise = 0.0;
  int64_t train = 50'000;
  int64_t test = 2'000;
  int64_t seed = 0;

  void describe(Options& options) {
    options.add("task", &task,
                {.help = "what the label says (shape, colour: pictures of one object; relation: of two)",
                 .choices = {"captions", "shape", "colour", "count", "relation"}});
    options.add("pairs", &pairs,
                {.help = "(shape, colour) pairs of the test split; training never shows the held-out ones",
                 .choices = {"seen", "held_out"}});
    options.add("size", &size,
                {.help = "side of a picture", .unit = "pixels", .minimum = 16, .maximum = 512});
    options.add("noise", &noise, {.help = "share of noise; 1: nothing else", .minimum = 0, .maximum = 1});
    options.add("train", &train, {.help = "size of the training split", .minimum = 1, .maximum = 1e8});
    options.add("test", &test, {.help = "size of the test split", .minimum = 1, .maximum = 1e8});
    options.add("seed", &seed, {.help = "another seed, other pictures", .minimum = 0});
  }
};

// "task=colour,noise=0.5"; colons too, because commas separate data sets on the command line.
ShapesOptions parse_options(const std::string& text) {
  ShapesOptions result;
  Options options;
  result.describe(options);
  std::vector<std::string> given;
  for (size_t begin = 0; !text.empty() && begin <= text.size();) {
    const size_t end = std::min(text.find_first_of(",:", begin), text.size());
    const std::string assignment = text.substr(begin, end - begin);
    options.set_from_text(assignment, "shapes");
    given.push_back(assignment.substr(0, assignment.find('=')));
    if (std::count(given.begin(), given.end(), given.back()) > 1) {
      throw std::invalid_argument(
          fmt::format("[shapes] key '{}': expected once; got it twice in '{}'", given.back(), text));
    }
    begin = end + 1;
  }
  return result;
}

Layout layout_of(const std::string& task) {
  if (task == "captions") return Layout::mixed;
  if (task == "count") return Layout::even;
  return task == "relation" ? Layout::two : Layout::one;
}

std::vector<std::string> classes_of(const std::string& task) {
  if (task == "captions") return {};
  if (task == "count") return {"one", "two", "three"};
  const auto names = task == "shape" ? shape_names() : task == "colour" ? colour_names() : relation_names();
  return {names.begin(), names.end()};
}

class ShapesDataset final : public Dataset {
 public:
  ShapesDataset(ShapesOptions options, std::string_view split)
      : options_(std::move(options)), split_(split), class_names_(classes_of(options_.task)) {
    const bool test = split_ == "test";
    scenes_ = {static_cast<uint64_t>(options_.seed), test, layout_of(options_.task),
               test && options_.pairs == "held_out" ? Pairs::held_out : Pairs::seen};
    // What does not change this split is left out.
    provenance_ = {
        "drawn by repbench", "",
        sha256(fmt::format("shapes {}: {} pictures of {}, task {}, pairs {}, size {}, noise {}, seed {}",
                           kVersion, size(), split_, options_.task,
                           scenes_.pairs == Pairs::seen ? "seen" : "held_out", options_.size, options_.noise,
                           options_.seed))};
  }

  std::string name() const override {
    return options_.task == "captions" ? "shapes" : "shapes_" + options_.task;
  }
  std::string split() const override { return split_; }
  int64_t size() const override { return scenes_.test ? options_.test : options_.train; }
  int channels() const override { return 3; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  const Provenance& provenance() const override { return provenance_; }

  std::string id(int64_t index) const override { return fmt::format("{}-{:06}", split_, checked(index)); }

  int64_t label(int64_t index) const override {
    checked(index);
    return options_.task == "captions" ? -1 : label_of(scenes_.scene(index));
  }

  std::vector<std::string> captions(int64_t index) const override {
    RandomStream wording = scenes_.stream(Purpose::wording, index);
    return describe(scenes_.scene(index), wording);
  }

  Example get(int64_t index) const override {
    Example example;
    example.id = id(index);
    const Scene scene = scenes_.scene(index);
    if (options_.task != "captions") example.labels = {label_of(scene)};
    RandomStream wording = scenes_.stream(Purpose::wording, index);
    example.captions = describe(scene, wording);
    example.picture =
        draw_scene(scene, static_cast<int>(options_.size), options_.noise,
                   scenes_.stream(Purpose::texture, index), scenes_.stream(Purpose::noise, index));
    return example;
  }

 private:
  int64_t checked(int64_t index) const {
    if (index >= 0 && index < size()) return index;
    throw std::out_of_range(
        fmt::format("[{}] expected an index from 0 to {}; got {}", name(), size() - 1, index));
  }

  int64_t label_of(const Scene& scene) const {
    if (options_.task == "count") return static_cast<int64_t>(scene.objects.size()) - 1;
    if (options_.task == "relation") return static_cast<int64_t>(scene.relation);
    const SceneObject& object = scene.objects.front();
    return options_.task == "shape" ? static_cast<int64_t>(object.shape)
                                    : static_cast<int64_t>(object.colour);
  }

  ShapesOptions options_;
  std::string split_;
  std::vector<std::string> class_names_;
  SceneSource scenes_;
  Provenance provenance_;
};

}  // namespace

std::shared_ptr<const Dataset> open_shapes(const DatasetSpec& spec, std::string_view split) {
  ShapesOptions options = parse_options(spec.path);
  if (std::find(kSplits.begin(), kSplits.end(), split) == kSplits.end()) {
    fail_unknown_name("shapes", "a split", split, kSplits);
  }
  return std::make_shared<ShapesDataset>(std::move(options), split);
}

}  // namespace repbench
