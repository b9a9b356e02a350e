#include "datasets/images/rand_augment.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/datasets/golden.h"
#include "tests/datasets/images/distribution.h"
#include "tests/datasets/noise_picture.h"
#include "tests/files/error_message.h"

namespace repbench {
namespace {

constexpr int kPictures = 30'000;

struct Drawn {
  std::vector<double> layers;
  std::map<std::string, std::vector<double>> arguments;
  std::map<std::string, double> bilinear;
};

Drawn draw_many(const std::string& text) {
  const RandAugmentConfig config = parse_rand_augment(text);
  Drawn drawn{std::vector<double>(static_cast<size_t>(config.layers) + 1), {}, {}};
  for (uint64_t item = 0; item < kPictures; ++item) {
    RandomStream stream(3, Purpose::view, 0, item);
    const std::vector<AugmentStep> steps = draw_steps(config, stream);
    ++drawn.layers[steps.size()];
    for (const AugmentStep& step : steps) {
      drawn.arguments[std::string(step.name)].push_back(step.argument);
      drawn.bilinear[std::string(step.name)] += step.interpolation == Interpolation::bilinear;
    }
  }
  return drawn;
}

std::string refusal(std::string_view config) {
  return error_message<std::invalid_argument>([&] { parse_rand_augment(config); });
}

TEST(RandAugment, DrawsWhatTimmDraws) {
  const Json golden = read_json(golden_folder() / "augment_policies.json");
  ASSERT_EQ(golden["configs"].size(), 4U);
  for (const Json& config : golden["configs"]) {
    const std::string text = config["config"];
    const Drawn drawn = draw_many(text);
    EXPECT_LT(histogram_gap(drawn.layers, config["layers"].get<std::vector<double>>()), 1.0) << text;
    std::vector<double> ours, theirs;
    for (const Json& row : golden["operations"]) {
      if (row["config"] != text) continue;
      const std::string name = row["name"];
      const std::vector<double>& arguments = drawn.arguments.at(name);
      const auto count = static_cast<double>(arguments.size());
      ours.push_back(count);
      theirs.push_back(row["count"]);
      EXPECT_LT(distribution_gap(arguments, row), allowed_gap(count, theirs.back())) << text << ' ' << name;
      const double bilinear = row["bilinear"].get<double>();
      EXPECT_NEAR(drawn.bilinear.at(name) / count, bilinear / theirs.back(), bilinear > 0 ? 0.05 : 0.0)
          << name;
    }
    EXPECT_EQ(ours.size(), drawn.arguments.size());
    EXPECT_LT(histogram_gap(ours, theirs), 1.0) << text;
  }
}

TEST(RandAugment, HasTimmsLevelFunctions) {
  EXPECT_DOUBLE_EQ(augment_argument("Rotate", 9, false), 27);
  EXPECT_DOUBLE_EQ(augment_argument("Rotate", 9, true), -27);
  EXPECT_DOUBLE_EQ(augment_argument("ShearX", 5, true), -0.15);
  EXPECT_DOUBLE_EQ(augment_argument("TranslateYRel", 10, false), 0.45);
  EXPECT_DOUBLE_EQ(augment_argument("Posterize", 9, false), 3);
  EXPECT_DOUBLE_EQ(augment_argument("PosterizeIncreasing", 9, false), 1);
  EXPECT_DOUBLE_EQ(augment_argument("Solarize", 5, false), 128);
  EXPECT_DOUBLE_EQ(augment_argument("SolarizeIncreasing", 9, false), 26);
  EXPECT_DOUBLE_EQ(augment_argument("SolarizeAdd", 10, false), 110);
  EXPECT_DOUBLE_EQ(augment_argument("Color", 9, false), 1.72);
  EXPECT_DOUBLE_EQ(augment_argument("SharpnessIncreasing", 9, true), 0.19);
  EXPECT_DOUBLE_EQ(augment_argument("BrightnessIncreasing", 20, true), 0.1);
  const auto message = error_message<std::invalid_argument>([] { augment_argument("ShearZ", 9, false); });
  EXPECT_PRED2(contains, message, "got 'ShearZ' (did you mean 'ShearX'?)");
}

TEST(RandAugment, WritesItsConfigurationAgain) {
  for (const auto text : {"rand-m9-mstd0.5-inc1", "rand-m10", "rand-m15-n3-p0.7-mstd101-mmax20-inc1"}) {
    EXPECT_EQ(parse_rand_augment(text).written(), text);
  }
  EXPECT_EQ(parse_rand_augment("rand").written(), "rand-m10");
  EXPECT_EQ(parse_rand_augment("rand-inc1-n2-p0.5-m9").written(), "rand-m9-inc1");
}

TEST(RandAugment, NamesWhatIsWrongWithAConfiguration) {
  EXPECT_EQ(refusal("augmix-m9"),
            "[view] augmix-m9: expected rand-m9-mstd0.5-inc1 or the like; got 'augmix'");
  EXPECT_PRED2(contains, refusal("rand-m"), "m with a number between 0 and 100; got 'm'");
  EXPECT_PRED2(contains, refusal("rand-m9.5"), "got 'm9.5'");
  EXPECT_PRED2(contains, refusal("rand-m9-w0"), "m, n, p, mstd, mmax or inc with a number; got 'w0'");
  EXPECT_PRED2(contains, refusal("rand-tweights"), "got 'tweights'");
  EXPECT_PRED2(contains, refusal("rand-n0"), "n with a number between 1 and 100");
  EXPECT_PRED2(contains, refusal("rand-p1.5"), "p with a number between 0 and 1");
  EXPECT_PRED2(contains, refusal("rand-mstdnan"), "got 'mstdnan'");
  EXPECT_PRED2(contains, refusal("rand-mmax0"), "mmax with a number between 1 and 100");
  EXPECT_PRED2(contains, refusal("rand-inc2"), "inc with a number between 0 and 1");
  EXPECT_PRED2(contains, refusal("rand-"), "got ''");
}

TEST(RandAugment, ChangesThePixelsByEveryOperation) {
  for (const bool increasing : {false, true}) {
    for (const std::string_view name : augment_names(increasing)) {
      for (const int channels : {1, 3}) {
        Image before = noise_picture(40, 40, channels);
        for (uint8_t& value : before.pixels) value = static_cast<uint8_t>(40 + value / 2);
        Image image = before;
        augment({image.pixels.data(), 40, 40, channels}, {name, augment_argument(name, 4, true)},
                {128, 128, 128});
        const bool colour_of_grey = channels == 1 && name.starts_with("Color");
        EXPECT_EQ(image.pixels == before.pixels, colour_of_grey) << name << ' ' << channels;
      }
    }
  }
}

}  // namespace
}  // namespace repbench
