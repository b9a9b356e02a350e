#include "datasets/images/views.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "datasets/images/colour.h"
#include "datasets/images/decode.h"
#include "datasets/images/geometry.h"
#include "datasets/images/levels.h"
#include "datasets/images/view_parts.h"
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
  EXPECT_EQ(make_view("clip_train:32")->specification(), "clip_train:32:0.9:bicubic");
  EXPECT_EQ(make_view("crop:32")->specification(), "crop:32:0.08:1:bicubic");
  EXPECT_EQ(make_view("single_crop:32:0.2")->specification(), "single_crop:32:0.2:1:bicubic");
  EXPECT_EQ(make_view("timm_eval:224")->specification(), "timm_eval:224:0.875:bicubic");
  EXPECT_EQ(make_view("squash:224:lanczos")->specification(), "squash:224:lanczos");
  EXPECT_EQ(make_view("border:224")->specification(), "border:224:1:bicubic:124,116,104");
  EXPECT_EQ(make_view("clip_eval:224")->specification(), "clip_eval:224:224:bicubic");
  EXPECT_EQ(make_view("crop:32+flip+grey:0.1")->specification(), "crop:32:0.08:1:bicubic+flip:0.5+grey:0.1");
}

TEST(View, IsMadeAgainFromItsSpecification) {
  for (const auto text : {"eval:256:224", "mae_train:64:0.123456789", "small_eval:8", "small_train:8:1",
                          "border:16:0.9", "crop:8:0.1:0.9:box+jitter+blur+solarise+erase+randaug"}) {
    const std::string full = make_view(text)->specification();
    EXPECT_EQ(make_view(full)->specification(), full);
  }
}

TEST(View, NamesWhatIsWrongWithASpecification) {
  EXPECT_PRED2(contains, refusal("evl:224"), "eval:RESIZE:CROP:INTERPOLATION, timm_eval:");
  EXPECT_PRED2(contains, refusal("evl:224"), "got 'evl' (did you mean 'eval'?)");
  EXPECT_PRED2(contains, refusal("eval"), "[view] eval: expected eval:RESIZE:CROP:INTERPOLATION");
  EXPECT_PRED2(contains, refusal("eval:0"), "a resized side between 1 and 16384; got '0'");
  EXPECT_PRED2(contains, refusal("eval:224x"), "got '224x'");
  EXPECT_PRED2(contains, refusal("eval:256:"), "a crop between");
  EXPECT_PRED2(contains, refusal("eval:256:224:cubic"),
               "an interpolation: nearest, bilinear, bicubic, box, hamming, lanczos");
  EXPECT_PRED2(contains, refusal("eval:256:224:cubic"), "got 'cubic' (did you mean 'bicubic'?)");
  EXPECT_PRED2(contains, refusal("eval:256:224:bicubic:1"), "got 4 parts");
  EXPECT_PRED2(contains, refusal("mae_train:28:1.5"), "a smallest scale between 0.0001 and 1; got '1.5'");
  EXPECT_PRED2(contains, refusal("mae_train:28:nan"), "got 'nan'");
  EXPECT_PRED2(contains, refusal("small_train:28:-1"), "a padding between");
  EXPECT_PRED2(contains, refusal(""), "got ''");
  EXPECT_PRED2(contains, refusal("crop:28:0.5:0.4"), "a largest scale between 0.5 and 1; got '0.4'");
  EXPECT_PRED2(contains, refusal("single_crop:28:0"), "a smallest scale between");
  EXPECT_PRED2(contains, refusal("timm_eval:224:1.1"), "a crop_pct between 0.01 and 1; got '1.1'");
  EXPECT_PRED2(contains, refusal("timm_eval:16384:0.5"), "a SIZE / CROP_PCT of at most 16384; got 32768");
  EXPECT_PRED2(contains, refusal("border:8:1:bicubic:red"), "a colour R,G,B of numbers between 0 and 255");
  EXPECT_PRED2(contains, refusal("squash:8:bicubic:1"), "expected squash:SIZE:INTERPOLATION; got 3 parts");
  EXPECT_PRED2(contains, refusal("eval:8+"), "expected an operation: ");
  EXPECT_PRED2(contains, refusal("eval:8+flip:2"), "[view] flip:2: expected a probability");
}

TEST(View, HasAVersionThatIsWrittenOnceItIsNotTheFirst) {
  EXPECT_EQ(make_view("eval@1:8")->specification(), "eval:8:8:bicubic");
  EXPECT_EQ(refusal("eval@2:8"), "[view] eval@2:8: expected version 1 of eval; got version 2");
  EXPECT_PRED2(contains, refusal("eval@x:8"), "expected KIND or KIND@VERSION; got 'eval@x'");
  ViewParts parts("eval:8");
  parts.take_version(3);
  EXPECT_EQ(parts.label(), "eval@3");
}

constexpr const char* kViews[] = {"eval:24:16",
                                  "eval:16:24:lanczos",
                                  "timm_eval:16:0.9",
                                  "squash:16",
                                  "border:16",
                                  "clip_eval:24:16:box",
                                  "small_eval:16",
                                  "crop:16",
                                  "single_crop:16",
                                  "mae_train:16",
                                  "clip_train:16:0.5:nearest",
                                  "small_train:16:6"};

TEST(View, ReadsNothingOutsideTheSourceThatItNames) {
  for (const std::string specification : kViews) {
    const auto view = make_view(specification + "+flip+jitter");
    for (const auto& [height, width] : {std::pair{40, 61}, {61, 40}, {7, 9}, {1, 50}, {16, 16}}) {
      for (uint64_t item = 0; item < 8; ++item) {
        const Image image = noise_picture(height, width, 3);
        RandomStream stream = stream_of(item);
        const CropWindow w = view->source(height, width, stream);
        ASSERT_TRUE(w.top >= 0 && w.left >= 0 && w.height > 0 && w.width > 0 && w.top + w.height <= height &&
                    w.left + w.width <= width)
            << specification;
        const Image part = crop(image, w.top, w.left, w.height, w.width);
        std::vector<uint8_t> output(static_cast<size_t>(view->size()) * view->size() * 3);
        view->apply({view_of(part), w.top, w.left, height, width}, stream, output);
        EXPECT_EQ(output, apply(specification + "+flip+jitter", image, item)) << specification;
      }
    }
  }
}

TEST(View, ReadsNoMoreThanACropOfALargePicture) {
  RandomStream stream = stream_of(0);
  const CropWindow centre = make_view("eval:256:224")->source(1024, 2048, stream);
  EXPECT_LE(centre.width, 224 * 4 + 24);
  const CropWindow drawn = random_resized_crop(1024, 2048, 0.08, 1.0, stream);
  const CropWindow source = make_view("crop:224")->source(1024, 2048, stream_of(0));
  EXPECT_EQ(source.top, drawn.top);
  EXPECT_EQ(source.width, drawn.width);
}

TEST(View, RefusesAStripThatWouldBeResizedWithoutBounds) {
  RandomStream stream = stream_of(0);
  const auto view = make_view("eval:16384:8");
  const auto message = error_message<std::runtime_error>([&] { view->source(1, 1 << 28, stream); });
  EXPECT_EQ(
      message,
      "[view] eval:16384:8:bicubic: expected a picture of at most 67108864 resized pixels along its long "
      "side; got 1x268435456");
}

TEST(View, RefusesAPictureInItsOwnMode) {
  const Image image{1, 1, 2, {1, 2}, PixelKind::grey_alpha};
  std::vector<uint8_t> output(8 * 8 * 2);
  RandomStream stream = stream_of(0);
  EXPECT_THROW(make_view("eval:8")->apply(image, stream, output), std::logic_error);
  EXPECT_THROW(make_view("eval:8")->apply_native(image, 1, stream, output), std::logic_error);
}

TEST(ChainedView, AppliesItsOperationsInOrder) {
  const Image image = noise_picture(30, 40, 3);
  Image expected{16, 16, 3, apply("eval:16", image)};
  const PixelBuffer pixels{expected.pixels.data(), 16, 16, 3};
  solarise(pixels, 128);
  make_grey(pixels);
  mirror(pixels);
  EXPECT_EQ(apply("eval:16+solarise:1+grey:1+flip:1", image), expected.pixels);
  EXPECT_NE(apply("eval:16+grey:1+solarise:1:90+flip:1", image), expected.pixels);
  EXPECT_FALSE(make_view("eval:16+solarise:1+grey:1+flip:1")->random());
  EXPECT_TRUE(make_view("eval:16+flip")->random());
  EXPECT_TRUE(make_view("clip_eval:16+flip")->native());
}

TEST(ChainedView, DrawsTheCropFirst) {
  // MAE's training view is the crop and a flip.
  const Image image = noise_picture(30, 40, 3);
  for (uint64_t item = 0; item < 20; ++item) {
    EXPECT_EQ(apply("crop:16:0.2:1+flip:0.5", image, item), apply("mae_train:16", image, item));
  }
}

TEST(Views, AreSeveralOfOnePicture) {
  const auto views = make_views("2*crop:24:0.25:1;3*crop:8:0.05:0.25+flip;eval:16");
  ASSERT_EQ(views.size(), 6U);
  EXPECT_EQ(views[1]->specification(), "crop:24:0.25:1:bicubic");
  EXPECT_EQ(views[4]->specification(), "crop:8:0.05:0.25:bicubic+flip:0.5");
  EXPECT_EQ(views[5]->size(), 16);
  EXPECT_EQ(make_views("eval:16").size(), 1U);
}

TEST(Views, NameWhatIsWrong) {
  const auto refused = [](const char* text) {
    return error_message<std::invalid_argument>([&] { make_views(text); });
  };
  EXPECT_PRED2(contains, refused("0*eval:8"),
               "[view] 0*eval:8: expected a count between 1 and 64 before '*'; got '0'");
  EXPECT_PRED2(contains, refused("x*eval:8"), "got 'x'");
  EXPECT_PRED2(contains, refused("40*eval:8;40*eval:8"), "expected at most 64 views; got 80");
  EXPECT_PRED2(contains, refused("eval:8;"), "got ''");
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

TEST(TimmEvalView, ResizesByItsCropPct) {
  const Image image = noise_picture(45, 61, 3);
  EXPECT_EQ(apply("timm_eval:28:0.875", image), apply("eval:32:28", image));
  EXPECT_EQ(apply("timm_eval:28:0.9:bilinear", image), apply("eval:31:28:bilinear", image));
  EXPECT_EQ(apply("timm_eval:28:1", image), apply("eval:28:28", image));
}

TEST(SquashView, ForgetsTheRatio) {
  const Image image = noise_picture(45, 61, 3);
  EXPECT_EQ(apply("squash:20:lanczos", image), resize(image, 20, 20, Interpolation::lanczos).pixels);
}

TEST(BorderView, ShowsTheWholePictureOnItsFill) {
  const Image image = noise_picture(20, 40, 3);
  const Image resized = resize(image, 8, 16, Interpolation::bicubic);
  const std::vector<uint8_t> pixels = apply("border:16:1:bicubic:1,2,3", image);
  const Image shown{16, 16, 3, pixels};
  EXPECT_EQ(crop(shown, 4, 0, 8, 16).pixels, resized.pixels);
  EXPECT_EQ(crop(shown, 0, 15, 1, 1).pixels, (std::vector<uint8_t>{1, 2, 3}));
  EXPECT_EQ(crop(shown, 12, 0, 1, 1).pixels, (std::vector<uint8_t>{1, 2, 3}));
  EXPECT_EQ(apply("border:16", noise_picture(20, 40, 1)).front(), 117);  // 124, 116, 104 in grey
}

std::vector<uint8_t> apply_native(std::string_view specification, const Image& image, int channels) {
  const auto view = make_view(specification);
  std::vector<uint8_t> output(static_cast<size_t>(view->size()) * view->size() * channels);
  RandomStream stream = stream_of(0);
  view->apply_native(image, channels, stream, output);
  return output;
}

TEST(ClipEvalView, ResizesPlainPicturesAsEval) {
  const Image image = noise_picture(45, 61, 3), grey = noise_picture(45, 61, 1);
  EXPECT_EQ(apply_native("clip_eval:32:24", image, 3), apply("eval:32:24", image));
  EXPECT_EQ(apply("clip_eval:32:24", image), apply("eval:32:24", image));
  EXPECT_EQ(apply_native("clip_eval:32:24:lanczos+flip:1", grey, 3),
            apply("eval:32:24:lanczos+flip:1", convert(grey, 3)));
  EXPECT_EQ(apply_native("clip_eval:20:25", image, 1).size(), 625U);
}

TEST(ClipEvalView, ConvertsAfterResizing) {
  // `convert` knows grey and RGB here; what it makes of other modes is its own tests' business.
  const Image image = noise_picture(45, 61, 3);
  const Image resized = resize(image, 24, 32, Interpolation::bicubic);
  EXPECT_EQ(apply_native("clip_eval:24", image, 1), convert(crop(resized, 0, 4, 24, 24), 1).pixels);
  EXPECT_NE(apply_native("clip_eval:24", image, 1), apply("eval:24", convert(image, 1)));
}

TEST(ClipEvalView, RefusesAnOutputOfAnotherSize) {
  const Image image = noise_picture(8, 8, 3);
  std::vector<uint8_t> output(8 * 8);
  RandomStream stream = stream_of(0);
  EXPECT_THROW(make_view("clip_eval:8")->apply_native(image, 3, stream, output), std::invalid_argument);
}

}  // namespace
}  // namespace repbench
