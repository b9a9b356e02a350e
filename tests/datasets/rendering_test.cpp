#include "datasets/rendering.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "files/atomic.h"
#include "tests/datasets/golden.h"
#include "tests/datasets/noise_picture.h"
#include "tests/files/error_message.h"

namespace repbench {
namespace {

std::string golden_bytes(const std::string& name) { return read_file(golden_folder() / "jpeg" / name); }

Example example_of(const std::string& id, const std::string& content) {
  const auto* bytes = reinterpret_cast<const std::byte*>(content.data());
  return {id, EncodedImage{{bytes, bytes + content.size()}}, {}, {}};
}

using Pixels = std::vector<std::vector<uint8_t>>;

Pixels rendered(const Rendering& rendering, const Example& example, uint64_t epoch = 0) {
  Pixels pixels;
  for (const auto& view : rendering.views)
    pixels.emplace_back(static_cast<size_t>(view->size()) * view->size() * rendering.channels);
  const std::vector<std::span<uint8_t>> outputs(pixels.begin(), pixels.end());
  StageSeconds seconds;
  render(rendering, example, epoch, outputs, seconds);
  EXPECT_GE(seconds.decode, 0.0);
  return pixels;
}

Rendering rendering_of(const std::string& views, bool regions = false) {
  return {.views = make_views(views), .seed = 3, .regions = regions};
}

TEST(Rendering, GivesTheSamePixelsWhetherAPartOrTheWholeIsDecoded) {
  for (const char* name : {"420.jpg", "422.jpg", "444.jpg", "grey.jpg", "cmyk.jpg", "progressive.jpg",
                           "restart.jpg", "orientation.jpg", "palette.png", "rgba.png"}) {
    const Example example = example_of(name, golden_bytes(name));
    for (const char* views :
         {"crop:8:0.1:0.3", "eval:20:8", "2*crop:16:0.3:1+flip;3*crop:8:0.05:0.2+jitter", "squash:8"}) {
      for (uint64_t epoch = 0; epoch < 5; ++epoch) {
        EXPECT_EQ(rendered(rendering_of(views, true), example, epoch),
                  rendered(rendering_of(views), example, epoch))
            << name << " " << views;
      }
    }
  }
}

TEST(Rendering, OfAPartDoesNotSeeAFaultBehindIt) {
  const std::string content = golden_bytes("420.jpg");
  const Example whole = example_of("a.jpg", content),
                cut = example_of("a.jpg", content.substr(0, content.size() - 10));
  int unseen = 0;
  for (uint64_t epoch = 0; epoch < 40; ++epoch) {
    const std::string message =
        error_message<std::runtime_error>([&] { rendered(rendering_of("crop:8:0.03:0.05"), cut, epoch); });
    EXPECT_PRED2(contains, message, "[decode] a.jpg: expected a whole JPEG picture") << "evaluation sees it";
    try {
      const Pixels pixels = rendered(rendering_of("crop:8:0.03:0.05", true), cut, epoch);
      EXPECT_EQ(pixels, rendered(rendering_of("crop:8:0.03:0.05"), whole, epoch));
      ++unseen;
    } catch (const std::runtime_error&) {  // the crop reaches into the last rows of blocks
    }
  }
  EXPECT_GT(unseen, 5);
  EXPECT_LT(unseen, 35);
}

TEST(Rendering, TurnsPicturesAsTheirOrientationSaysWhenAsked) {
  const Example example = example_of("orientation.jpg", golden_bytes("orientation.jpg"));
  Rendering turned = rendering_of("squash:16", true);
  turned.decoding.apply_orientation = true;
  EXPECT_NE(rendered(turned, example), rendered(rendering_of("squash:16"), example));
}

TEST(Rendering, ResizesInThePicturesOwnModeForViewsThatWantIt) {
  const Example palette = example_of("palette.png", golden_bytes("palette.png"));
  const Pixels both = rendered(rendering_of("clip_eval:16;eval:16"), palette);
  EXPECT_EQ(both[1], rendered(rendering_of("eval:16"), palette)[0]);
  EXPECT_EQ(both[0], rendered(rendering_of("clip_eval:16", true), palette)[0]);
  EXPECT_NE(both[0], both[1]) << "a palette is resized without blending";
  const Example colour = example_of("rgb.png", golden_bytes("rgb.png"));
  const Pixels same = rendered(rendering_of("clip_eval:16;eval:16"), colour);
  EXPECT_EQ(same[0], same[1]);
}

TEST(Rendering, TakesPicturesThatAreDecodedAlready) {
  const Example grey{"grey", noise_picture(20, 30, 1), {}, {}};
  const Pixels pixels = rendered(rendering_of("squash:8;clip_eval:8:8:bilinear"), grey);
  for (size_t i = 0; i < pixels[0].size(); i += 3) EXPECT_EQ(pixels[0][i], pixels[0][i + 1]);
}

}  // namespace
}  // namespace repbench
