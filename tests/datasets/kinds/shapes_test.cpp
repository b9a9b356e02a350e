#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <regex>
#include <set>
#include <stdexcept>

#include "datasets/dataset.h"
#include "datasets/kinds/shapes_captions.h"
#include "datasets/kinds/shapes_scene.h"
#include "files/hash.h"
#include "tests/files/error_message.h"

namespace repbench {
namespace {

std::shared_ptr<const Dataset> open_shapes_with(const std::string& settings,
                                                std::string_view split = "test") {
  return open_dataset({"shapes", settings}, split);
}

const std::vector<uint8_t> pixels_of(const Dataset& dataset, int64_t index) {
  return pixels(dataset.get(index), 3).pixels;
}

std::string failure(const std::string& settings, std::string_view split = "test") {
  return error_message<std::invalid_argument>([&] { open_shapes_with(settings, split); });
}

std::string words_for(const SceneObject& object) {
  return fmt::format("{} {}", colour_names()[static_cast<size_t>(object.colour)],
                     shape_names()[static_cast<size_t>(object.shape)]);
}

// Pearson's.
double correlation(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b) {
  const auto n = static_cast<double>(a.size());
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n;
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return ab / std::sqrt(aa * bb);
}

// Within four standard deviations of `share` of all.
void expect_share(int64_t count, int64_t all, double share, const std::string& what) {
  const auto n = static_cast<double>(all);
  EXPECT_NEAR(static_cast<double>(count), share * n, 4 * std::sqrt(n * share * (1 - share))) << what;
}

TEST(Shapes, DrawTheSamePicturesOnEveryMachine) {
  Sha256 hash;
  for (const std::string settings : {"", "task=shape,size=33", "task=count,noise=0.5,seed=3"}) {
    const auto dataset = open_shapes_with(settings);
    for (int64_t i = 0; i < 40; ++i) {
      const Example example = dataset->get(i);
      const Image& image = std::get<Image>(example.picture);
      hash.update(std::string_view(reinterpret_cast<const char*>(image.pixels.data()), image.pixels.size()));
      for (const std::string& caption : example.captions) hash.update(caption);
    }
  }
  // When this changes on purpose, kVersion in shapes.cpp goes up.
  EXPECT_EQ(hash.hex(), "e2d08bd01da74b19f2ed4c02f21e2917f17a8fd3fced30d8abe67b99ecd450b9");
}

TEST(Shapes, DependOnSeedSplitTaskAndIndexAlone) {
  const auto dataset = open_shapes_with("");
  const auto picture = pixels_of(*dataset, 7);
  EXPECT_EQ(picture, pixels_of(*open_shapes_with("seed=0,size=48"), 7));
  EXPECT_EQ(picture, pixels_of(*open_shapes_with("test=8"), 7)) << "a smaller split is the start of a larger";
  EXPECT_EQ(dataset->get(7).captions, open_shapes_with("noise=0.5")->get(7).captions);
  EXPECT_EQ(pixels_of(*open_shapes_with("task=shape"), 7), pixels_of(*open_shapes_with("task=colour"), 7));
  for (const std::string other : {"seed=1", "task=shape", "task=count", "pairs=held_out"}) {
    EXPECT_NE(picture, pixels_of(*open_shapes_with(other), 7)) << other;
  }
  EXPECT_NE(picture, pixels_of(*open_shapes_with("", "train"), 7));
  EXPECT_NE(picture, pixels_of(*dataset, 8));
}

TEST(Shapes, HaveNamesIdsAndSizesAsAsked) {
  const auto captions = open_shapes_with("", "train");
  EXPECT_EQ(captions->name(), "shapes");
  EXPECT_EQ(captions->size(), 50'000);
  EXPECT_EQ(captions->id(123), "train-000123");
  EXPECT_EQ(captions->label(123), -1);
  EXPECT_TRUE(captions->get(123).labels.empty());
  EXPECT_TRUE(captions->class_names().empty());
  EXPECT_EQ(captions->provenance().source, "drawn by repbench");
  const auto colours = open_shapes_with("task=colour:size=17:test=30");
  EXPECT_EQ(colours->name(), "shapes_colour");
  EXPECT_EQ(colours->size(), 30);
  EXPECT_EQ(colours->class_names().at(4), "orange");
  EXPECT_EQ(std::get<Image>(colours->get(29).picture).width, 17);
  EXPECT_THROW(colours->get(30), std::out_of_range);
  EXPECT_THROW(colours->label(-1), std::out_of_range);
  EXPECT_EQ(open_shapes_with("task=shape")->class_names().at(7), "heart");
  EXPECT_EQ(open_shapes_with("task=count")->class_names(), (std::vector<std::string>{"one", "two", "three"}));
  EXPECT_EQ(open_shapes_with("task=relation")->class_names().at(0), "left of");
}

TEST(Shapes, ChangeTheirHashWithWhatChangesTheSplit) {
  std::set<std::string> hashes;
  for (const std::string settings :
       {"", "seed=1", "size=32", "noise=0.1", "task=shape", "task=colour", "test=10", "pairs=held_out"}) {
    EXPECT_TRUE(hashes.insert(open_shapes_with(settings)->provenance().sha256).second) << settings;
  }
  const auto of_train = [](const std::string& settings) {
    return open_shapes_with(settings, "train")->provenance().sha256;
  };
  EXPECT_TRUE(hashes.insert(of_train("")).second);
  EXPECT_EQ(of_train(""), of_train("pairs=held_out,test=10"));
}

TEST(Shapes, ShareNoSceneBetweenSplits) {
  for (const Layout layout : {Layout::mixed, Layout::one, Layout::two, Layout::even}) {
    const SceneSource train{0, false, layout, Pairs::seen};
    for (int64_t i = 0; i < 5'000; ++i) ASSERT_EQ(train.scene(i).objects.front().x % 2, 0);
    for (const Pairs pairs : {Pairs::seen, Pairs::held_out}) {
      const SceneSource test{0, true, layout, pairs};
      for (int64_t i = 0; i < 5'000; ++i) ASSERT_EQ(test.scene(i).objects.front().x % 2, 1);
    }
  }
}

TEST(Shapes, HoldOutEveryShapeOnceAndEveryColourOnce) {
  std::vector<int> shapes(8), colours(8);
  for (int shape = 0; shape < 8; ++shape) {
    for (int colour = 0; colour < 8; ++colour) {
      if (!is_held_out(static_cast<Shape>(shape), static_cast<Colour>(colour))) continue;
      ++shapes[shape];
      ++colours[colour];
    }
  }
  EXPECT_EQ(shapes, std::vector<int>(8, 1));
  EXPECT_EQ(colours, std::vector<int>(8, 1));
}

TEST(Shapes, ShowHeldOutPairsWhereAskedAndNowhereElse) {
  for (const Layout layout : {Layout::mixed, Layout::one, Layout::two, Layout::even}) {
    const SceneSource train{0, false, layout, Pairs::seen};
    const SceneSource seen{0, true, layout, Pairs::seen}, held_out{0, true, layout, Pairs::held_out};
    for (int64_t i = 0; i < 50'000; ++i) {
      for (const auto& [source, expected] : {std::pair{&train, false}, {&seen, false}, {&held_out, true}}) {
        if (expected && i >= 2'000) continue;
        for (const SceneObject& object : source->scene(i).objects) {
          ASSERT_EQ(is_held_out(object.shape, object.colour), expected) << i;
        }
      }
    }
  }
}

TEST(Shapes, LeaveTheTrainingSplitAloneWhenPairsAreHeldOut) {
  EXPECT_EQ(pixels_of(*open_shapes_with("", "train"), 3),
            pixels_of(*open_shapes_with("pairs=held_out", "train"), 3));
}

TEST(Shapes, LabelWhatTheSceneShowsWithEvenClasses) {
  for (const auto& [task, classes] :
       {std::pair<std::string, int64_t>{"shape", 8}, {"colour", 8}, {"count", 3}, {"relation", 4}}) {
    for (const std::string pairs : {"seen", "held_out"}) {
      const auto dataset = open_shapes_with(fmt::format("task={},pairs={},test=8000", task, pairs));
      std::vector<int64_t> counts(static_cast<size_t>(classes));
      for (int64_t i = 0; i < dataset->size(); ++i) ++counts.at(static_cast<size_t>(dataset->label(i)));
      for (int64_t c = 0; c < classes; ++c) {
        expect_share(counts[c], dataset->size(), 1.0 / static_cast<double>(classes),
                     dataset->class_names()[c]);
      }
      for (int64_t i = 0; i < 200; ++i) {
        const Example example = dataset->get(i);
        EXPECT_EQ(example.labels, std::vector<int64_t>{dataset->label(i)});
        if (task == "shape" || task == "colour") {
          EXPECT_PRED2(contains, example.captions.front(), dataset->class_names()[dataset->label(i)]);
        }
      }
    }
  }
}

TEST(Shapes, ShowOneTwoAndThreeObjectsInTheGivenShares) {
  const SceneSource source;
  std::map<size_t, int64_t> counts;
  for (int64_t i = 0; i < 20'000; ++i) ++counts[source.scene(i).objects.size()];
  expect_share(counts[1], 20'000, 0.5, "one");
  expect_share(counts[2], 20'000, 0.4, "two");
  expect_share(counts[3], 20'000, 0.1, "three");
}

// How far a is from b in the direction of the relation.
int ahead(const SceneObject& a, const SceneObject& b, Relation relation) {
  switch (relation) {
    case Relation::left_of:
      return b.x - a.x;
    case Relation::right_of:
      return a.x - b.x;
    case Relation::above:
      return b.y - a.y;
    default:
      return a.y - b.y;
  }
}

TEST(Shapes, PlaceTwoObjectsSoThatTheirRelationIsPlain) {
  const SceneSource source{5, false, Layout::two, Pairs::seen};
  for (int64_t i = 0; i < 20'000; ++i) {
    const Scene scene = source.scene(i);
    const SceneObject &larger = scene.objects[0], &smaller = scene.objects[1];
    EXPECT_GE(larger.radius * 2, smaller.radius * 3);
    const int along = ahead(larger, smaller, scene.relation);
    EXPECT_GT(along, larger.radius + smaller.radius);
    const auto sideways = static_cast<Relation>((static_cast<int>(scene.relation) + 2) % 4);
    EXPECT_LE(2 * std::abs(ahead(larger, smaller, sideways)), along + 2);
  }
}

TEST(Shapes, KeepObjectsApartAndInsideThePicture) {
  const SceneSource source;
  for (int64_t i = 0; i < 20'000; ++i) {
    const std::vector<SceneObject> objects = source.scene(i).objects;
    for (size_t a = 0; a < objects.size(); ++a) {
      const SceneObject& object = objects[a];
      const int margin = object.radius - 1;  // of the first object x is moved by one for the split's sake
      EXPECT_TRUE(object.x >= margin && object.x <= kSide - margin && object.y >= margin &&
                  object.y <= kSide - margin);
      for (size_t b = 0; b < a; ++b) {
        const int apart = std::max(std::abs(object.x - objects[b].x), std::abs(object.y - objects[b].y));
        EXPECT_GE(apart + 2, object.radius + objects[b].radius);
        EXPECT_NE(words_for(object), words_for(objects[b]));
      }
    }
  }
}

TEST(Shapes, NameEveryObjectInEveryCaption) {
  for (const Layout layout : {Layout::one, Layout::two, Layout::even}) {
    const SceneSource source{0, false, layout, Pairs::seen};
    for (int64_t i = 0; i < 2'000; ++i) {
      const Scene scene = source.scene(i);
      RandomStream stream = source.stream(Purpose::wording, i);
      const std::vector<std::string> captions = describe(scene, stream);
      ASSERT_EQ(captions.size(), static_cast<size_t>(kCaptionsPerScene));
      for (const std::string& caption : captions) {
        for (const SceneObject& object : scene.objects) {
          EXPECT_PRED2(contains, caption, words_for(object));
        }
        static const std::regex bad("  | $|^ |[{}]|\\ban [^oi]|\\ba o");
        EXPECT_FALSE(std::regex_search(caption, bad)) << caption;
      }
    }
  }
}

TEST(Shapes, SayTrulyHowTwoObjectsLie) {
  const SceneSource source{0, false, Layout::two, Pairs::seen};
  static const std::regex between("(left of|right of|above|below) (a|an|the) ");
  static const std::regex behind(" with .*(left of|right of|above|below) it$");
  for (int64_t i = 0; i < 1'000; ++i) {
    const Scene scene = source.scene(i);
    RandomStream stream = source.stream(Purpose::wording, i);
    for (const std::string& caption : describe(scene, stream)) {
      std::smatch match;
      const bool pronoun = std::regex_search(caption, match, behind);
      ASSERT_TRUE(pronoun || std::regex_search(caption, match, between)) << caption;
      const bool larger_first =
          caption.find(words_for(scene.objects[0])) < caption.find(words_for(scene.objects[1]));
      const SceneObject& subject = scene.objects[larger_first == pronoun ? 1 : 0];
      const SceneObject& other = scene.objects[larger_first == pronoun ? 0 : 1];
      const auto names = relation_names();
      const auto relation = std::find(names.begin(), names.end(), match[1].str()) - names.begin();
      EXPECT_GT(ahead(subject, other, static_cast<Relation>(relation)), 0) << caption;
    }
  }
}

TEST(Shapes, LoseTheirSceneInNoiseStepByStep) {
  double previous = 1.0;
  for (const double noise : {0.25, 0.5, 0.75, 1.0}) {
    const auto clean = open_shapes_with("task=shape"),
               noisy = open_shapes_with(fmt::format("task=shape,noise={}", noise));
    double mean = 0.0;
    for (int64_t i = 0; i < 50; ++i) mean += correlation(pixels_of(*clean, i), pixels_of(*noisy, i)) / 50;
    EXPECT_LT(mean, previous - 0.1) << noise;
    previous = mean;
  }
  EXPECT_NEAR(previous, 0.0, 0.05);
}

TEST(Shapes, SayNothingOfTheirSceneWhenAllIsNoise) {
  const auto shapes = open_shapes_with("task=shape,noise=1"), counts = open_shapes_with("task=count,noise=1"),
             held_out = open_shapes_with("noise=1,pairs=held_out");
  for (int64_t i = 0; i < 20; ++i) {
    EXPECT_EQ(pixels_of(*shapes, i), pixels_of(*counts, i)) << "one noise, whatever it hides";
    EXPECT_EQ(pixels_of(*shapes, i), pixels_of(*held_out, i));
    EXPECT_NE(pixels_of(*shapes, i), pixels_of(*shapes, i + 1));
  }
}

TEST(Shapes, NameAWrongSettingAndTheNearest) {
  EXPECT_PRED2(contains, failure("nois=0.5"), "[shapes] key 'nois': unknown; did you mean 'noise'?");
  EXPECT_PRED2(contains, failure("task=color"), "got \"color\"; did you mean 'colour'?");
  EXPECT_PRED2(contains, failure("noise=1.5"), "key 'noise': expected a number in [0, 1]; got 1.5");
  EXPECT_PRED2(contains, failure("noise=much"), "key 'noise': expected a number in [0, 1]; got \"much\"");
  EXPECT_PRED2(contains, failure("size=15"), "key 'size': expected an integer in [16, 512]; got 15");
  EXPECT_PRED2(contains, failure("size=513"), "got 513");
  EXPECT_PRED2(contains, failure("train=0"), "key 'train'");
  EXPECT_PRED2(contains, failure("seed=-1"), "key 'seed'");
  EXPECT_PRED2(contains, failure("pairs=heldout"), "did you mean 'held_out'?");
  EXPECT_PRED2(contains, failure("colour"), "[shapes] expected key=value; got 'colour'");
  EXPECT_PRED2(contains, failure("size=32,"), "expected key=value; got ''");
  EXPECT_PRED2(contains, failure("size=32,size=48"), "key 'size': expected once");
  EXPECT_PRED2(contains, failure("", "tast"),
               "expected a split: train, test; got 'tast' (did you mean 'test'?)");
}

}  // namespace
}  // namespace repbench
