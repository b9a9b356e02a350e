#include "datasets/images/operations.h"

#include <gtest/gtest.h>

#include "datasets/images/blur.h"
#include "datasets/images/colour.h"
#include "datasets/images/geometry.h"
#include "datasets/images/levels.h"
#include "tests/datasets/noise_picture.h"
#include "tests/files/error_message.h"

namespace repbench {
namespace {

RandomStream stream_of(uint64_t item) { return RandomStream(9, Purpose::view, 0, item); }

Image operated(std::string_view specification, Image image, uint64_t item = 0) {
  RandomStream stream = stream_of(item);
  make_operation(specification)
      ->apply({image.pixels.data(), image.height, image.width, image.channels}, stream);
  return image;
}

std::string refusal(std::string_view specification) {
  return error_message<std::invalid_argument>([&] { make_operation(specification); });
}

TEST(Operation, FillsInItsDefaults) {
  EXPECT_EQ(make_operation("flip")->specification(), "flip:0.5");
  EXPECT_EQ(make_operation("jitter")->specification(), "jitter:0.4:0.4:0.4:0.1:0.8");
  EXPECT_EQ(make_operation("grey")->specification(), "grey:0.2");
  EXPECT_EQ(make_operation("blur")->specification(), "blur:0.5:0.1:2");
  EXPECT_EQ(make_operation("solarise")->specification(), "solarise:0.2:128");
  EXPECT_EQ(make_operation("erase")->specification(), "erase:0.25:const");
  EXPECT_EQ(make_operation("randaug")->specification(), "randaug:rand-m9-mstd0.5-inc1:random:128,128,128");
  EXPECT_EQ(make_operation("randaug:rand-m5:bicubic:1,2,3")->specification(),
            "randaug:rand-m5:bicubic:1,2,3");
}

TEST(Operation, NamesWhatIsWrongWithASpecification) {
  EXPECT_PRED2(contains, refusal("flop:0.5"),
               "[view] flop:0.5: expected an operation: flip:PROBABILITY, jitter:");
  EXPECT_PRED2(contains, refusal("flop:0.5"), "got 'flop' (did you mean 'flip'?)");
  EXPECT_EQ(refusal("flip:1.5"), "[view] flip:1.5: expected a probability between 0 and 1; got '1.5'");
  EXPECT_PRED2(contains, refusal("flip:0.5:1"), "expected flip:PROBABILITY; got 2 parts");
  EXPECT_PRED2(contains, refusal("flip@2"), "expected version 1 of flip; got version 2");
  EXPECT_PRED2(contains, refusal("grey:nan"), "got 'nan'");
  EXPECT_PRED2(contains, refusal("jitter:-1"), "a range of brightness between 0 and 10");
  EXPECT_PRED2(contains, refusal("jitter:0:11"), "a range of contrast between 0 and 10");
  EXPECT_PRED2(contains, refusal("jitter:0:0:x"), "a range of saturation between 0 and 10");
  EXPECT_PRED2(contains, refusal("jitter:0:0:0:0.6"), "a range of hue between 0 and 0.5; got '0.6'");
  EXPECT_PRED2(contains, refusal("blur:1:2000"), "a smallest radius between 0 and 1000");
  EXPECT_PRED2(contains, refusal("blur:1:2:1"), "a largest radius between 2 and 1000; got '1'");
  EXPECT_PRED2(contains, refusal("solarise:1:257"), "a threshold between 0 and 256; got '257'");
  EXPECT_PRED2(contains, refusal("erase:1:noise"), "a mode: const, rand, pixel; got 'noise'");
  EXPECT_PRED2(contains, refusal("randaug:rand-m9-w0"), "[view] rand-m9-w0: expected m, n, p");
  EXPECT_PRED2(contains, refusal("randaug:rand:lanczos"), "an interpolation: random, bilinear, bicubic");
  for (const auto fill : {"1,2", "1,2,3,4", "256,0,0", "1;2;3", "", ",,", "-1,0,0"}) {
    EXPECT_PRED2(contains, refusal(std::string("randaug:rand:random:") + fill), "a colour R,G,B of numbers");
  }
}

TEST(Operation, DrawsNothingWhereNothingIsLeftToChance) {
  for (const auto text : {"flip:1", "flip:0", "grey:1", "blur:1:2:2", "blur:0", "solarise:1",
                          "jitter:1:1:1:0.5:0", "erase:0"}) {
    const auto operation = make_operation(text);
    EXPECT_FALSE(operation->random()) << text;
    Image image = noise_picture(5, 5, 3);
    RandomStream stream = stream_of(0), untouched = stream;
    operation->apply({image.pixels.data(), 5, 5, 3}, stream);
    EXPECT_EQ(stream.bits(), untouched.bits()) << text;
  }
  for (const auto text :
       {"flip", "grey", "blur:1:1:2", "solarise", "jitter:0.1:0:0:0:1", "erase:1", "randaug"}) {
    EXPECT_TRUE(make_operation(text)->random()) << text;
  }
}

TEST(Operation, AppliesWhatItsNameSays) {
  const Image before = noise_picture(8, 8, 3);
  Image expected = before;
  const PixelBuffer pixels{expected.pixels.data(), 8, 8, 3};
  mirror(pixels);
  EXPECT_EQ(operated("flip:1", before).pixels, expected.pixels);
  make_grey(pixels);
  EXPECT_EQ(operated("grey:1", operated("flip:1", before)).pixels, expected.pixels);
  expected.pixels = before.pixels;
  gaussian_blur(pixels, 1.5);
  EXPECT_EQ(operated("blur:1:1.5:1.5", before).pixels, expected.pixels);
  expected.pixels = before.pixels;
  solarise(pixels, 100);
  EXPECT_EQ(operated("solarise:1:100", before).pixels, expected.pixels);
}

TEST(Operation, HappensAsOftenAsItsProbability) {
  const Image before = noise_picture(4, 4, 3);
  int flipped = 0;
  for (uint64_t item = 0; item < 4000; ++item)
    flipped += operated("flip:0.3", before, item).pixels != before.pixels;
  EXPECT_NEAR(flipped, 1200, 116);  // four standard deviations
}

TEST(Operation, DoesTheSameWithTheSameStreamAndFewerThingsToGrey) {
  for (const auto text : {"flip", "jitter:0.4:0.4:0.4:0.1:1", "grey", "blur:1", "solarise:0.5:100",
                          "erase:1:pixel", "randaug:rand-m9-n4-p1-mstd0.5-inc1"}) {
    for (const int channels : {1, 3}) {
      const Image before = noise_picture(12, 12, channels);
      const Image once = operated(text, before, 4);
      EXPECT_EQ(once.pixels, operated(text, before, 4).pixels) << text;
      EXPECT_EQ(once.pixels.size(), before.pixels.size());
    }
  }
}

}  // namespace
}  // namespace repbench
