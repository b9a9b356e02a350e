#include "datasets/images/views.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/datasets/noise_picture.h"
#include "tests/files/error_message.h"

namespace repbench {
namespace {

RandomStream stream_of(uint64_t item) { return RandomStream(1, Purpose::view, 0, item); }

std::vector<uint8_t> apply(std::string_view specification, const Image& image, uint64_t item = 0) {
  const auto view = make_view(specification);
  std::vector<uint8_t> output(static_cast<size_t>(view->size()) * view->size() * image.channels, 77);
  RandomStream stream = stream_of(item);
  view->apply(image, stream, output);
  return output;
}

std::string refusal(std::string_view specification) {
  return error_message<std::invalid_argument>([&] { make_view(specification); });
}

TEST(View, FillsInItsDefaults) {
  EXPECT_EQ(make_view("eval:224")->specification(), "eval:224:224:bicubic");
  EXPECT_EQ(make_view("eval:256:224")->specification(), "eval:256:224:bicubic");
  EXPECT_EQ(make_view("eval:256:224:bilinear")->specification(), "eval:256:224:bilinear");
  EXPECT_EQ(make_view("mae_train:28")->specification(), "mae_train:28:0.2:bicubic");
  EXPECT_EQ(make_view("mae_train:28:0.08:nearest")->specification(), "mae_train:28:0.08:nearest");
  EXPECT_EQ(make_view("small_eval:32")->specification(), "small_eval:32");
  EXPECT_EQ(make_view("small_train:32")->specification(), "small_train:32:4");
}

TEST(View, IsMadeAgainFromItsSpecification) {
  for (const auto text : {"eval:256:224", "mae_train:64:0.123456789", "small_eval:8", "small_train:8:1"}) {
    const std::string full = make_view(text)->specification();
    EXPECT_EQ(make_view(full)->specification(), full);
  }
}

TEST(View, NamesWhatIsWrongWithASpecification) {
  EXPECT_PRED2(contains, refusal("evl:224"), "eval:RESIZE:CROP:INTERPOLATION, mae_train:");
  EXPECT_PRED2(contains, refusal("evl:224"), "got 'evl' (did you mean 'eval'?)");
  EXPECT_PRED2(contains, refusal("eval"), "[view] eval: expected eval:RESIZE:CROP:INTERPOLATION");
  EXPECT_PRED2(contains, refusal("eval:0"), "a resized side between 1 and 16384; got '0'");
  EXPECT_PRED2(contains, refusal("eval:224x"), "got '224x'");
  EXPECT_PRED2(contains, refusal("eval:256:"), "a crop between");
  EXPECT_PRED2(contains, refusal("eval:256:224:cubic"), "nearest, bilinear or bicubic; got 'cubic'");
  EXPECT_PRED2(contains, refusal("eval:256:224:bicubic:1"), "got 4 parts");
  EXPECT_PRED2(contains, refusal("mae_train:28:1.5"), "a smallest scale between 0.0001 and 1; got '1.5'");
  EXPECT_PRED2(contains, refusal("mae_train:28:nan"), "got 'nan'");
  EXPECT_PRED2(contains, refusal("small_train:28:-1"), "a padding between");
  EXPECT_PRED2(contains, refusal(""), "got ''");
}

TEST(View, RefusesAnOutputOfAnotherSize) {
  const Image image = noise_picture(8, 8, 3);
  std::vector<uint8_t> output(8 * 8);
  RandomStream stream = stream_of(0);
  const auto message =
      error_message<std::invalid_argument>([&] { make_view("small_eval:8")->apply(image, stream, output); });
  EXPECT_PRED2(contains, message, "expected 8x8x3 bytes of output; got 64");
}

TEST(EvalView, ResizesTheShortSideAndCutsTheCentre) {
  const Image image = noise_picture(45, 61, 3);
  // 61 * 32 / 45 = 43.4 is truncated; (43 - 24) / 2 = 9.5 is rounded to even.
  const Image resized = resize(image, 32, 43, Interpolation::bicubic);
  EXPECT_EQ(apply("eval:32:24", image), crop(resized, 4, 10, 24, 24).pixels);
  const Image upright = noise_picture(61, 45, 1);
  const Image smaller = resize(upright, 43, 32, Interpolation::bilinear);
  EXPECT_EQ(apply("eval:32:24:bilinear", upright), crop(smaller, 10, 4, 24, 24).pixels);
}

TEST(EvalView, PadsACropThatIsLargerThanThePicture) {
  const Image image = noise_picture(20, 30, 3);
  const Image resized = resize(image, 20, 30, Interpolation::bicubic);
  EXPECT_EQ(apply("eval:20:25", image), crop(resized, -2, 2, 25, 25).pixels);
  EXPECT_EQ(apply("eval:20:41", image), crop(resized, -10, -5, 41, 41).pixels);
}

TEST(EvalView, StandsAnExtremeRatio) {
  const Image strip = noise_picture(1, 5000, 1);
  const Image resized = resize(crop(strip, 0, 0, 1, 5000), 8, 40'000, Interpolation::bicubic);
  EXPECT_EQ(apply("eval:8", strip), crop(resized, 0, 19'996, 8, 8).pixels);
}

TEST(MaeTrainView, CutsOutThenResizesThenFlips) {
  const Image image = noise_picture(57, 40, 3);
  int flipped = 0;
  for (uint64_t item = 0; item < 40; ++item) {
    RandomStream stream = stream_of(item);
    const CropWindow w = random_resized_crop(57, 40, 0.2, 1.0, stream);
    const bool flip = stream.uniform() < 0.5;
    const Image part = crop(image, w.top, w.left, w.height, w.width);
    const Image resized = resize(part, 24, 24, Interpolation::bicubic);
    EXPECT_EQ(apply("mae_train:24", image, item), (flip ? flip_horizontally(resized) : resized).pixels);
    flipped += flip;
  }
  EXPECT_GT(flipped, 8);
  EXPECT_LT(flipped, 32);
}

TEST(SmallEvalView, LeavesAPictureOfTheRightSizeAlone) {
  const Image image = noise_picture(28, 28, 1);
  EXPECT_EQ(apply("small_eval:28", image), image.pixels);
  EXPECT_EQ(apply("small_eval:32", image), resize(image, 32, 32, Interpolation::bicubic).pixels);
}

TEST(SmallTrainView, ShiftsAndFlipsWithinItsBorder) {
  const Image image = noise_picture(12, 12, 3);
  std::vector<bool> tops(5), lefts(5), flips(2);
  for (uint64_t item = 0; item < 60; ++item) {
    RandomStream stream = stream_of(item);
    const int top = static_cast<int>(stream.integer(5)), left = static_cast<int>(stream.integer(5));
    const bool flip = stream.uniform() < 0.5;
    const Image shifted = crop(image, top - 2, left - 2, 12, 12);
    EXPECT_EQ(apply("small_train:12:2", image, item), (flip ? flip_horizontally(shifted) : shifted).pixels);
    tops[top] = lefts[left] = flips[flip] = true;
  }
  EXPECT_EQ(std::count(tops.begin(), tops.end(), true), 5);
  EXPECT_EQ(std::count(lefts.begin(), lefts.end(), true), 5);
  EXPECT_EQ(std::count(flips.begin(), flips.end(), true), 2);
}

TEST(SmallTrainView, ResizesAPictureOfAnotherSizeFirst) {
  const Image image = noise_picture(19, 14, 1);
  const Image resized = resize(image, 12, 12, Interpolation::bicubic);
  RandomStream stream = stream_of(3);
  stream.integer(1);
  stream.integer(1);
  const bool flip = stream.uniform() < 0.5;
  EXPECT_EQ(apply("small_train:12:0", image, 3), (flip ? flip_horizontally(resized) : resized).pixels);
}

TEST(View, SaysWhetherItDraws) {
  EXPECT_FALSE(make_view("eval:8")->random());
  EXPECT_FALSE(make_view("small_eval:8")->random());
  EXPECT_TRUE(make_view("mae_train:8")->random());
  EXPECT_TRUE(make_view("small_train:8")->random());
}

}  // namespace
}  // namespace repbench
