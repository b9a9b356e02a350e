// Colour and geometric changes at fixed parameters against Pillow, torchvision and timm.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <sstream>

#include "datasets/images/blur.h"
#include "datasets/images/colour.h"
#include "datasets/images/geometry.h"
#include "datasets/images/levels.h"
#include "tests/datasets/golden.h"
#include "tests/datasets/noise_picture.h"
#include "tests/files/error_message.h"

namespace repbench {
namespace {

using Numbers = std::vector<double>;

PixelBuffer buffer_of(Image& image) {
  return {image.pixels.data(), image.height, image.width, image.channels};
}

Colour fill_of(const Numbers& n) {
  const auto byte = [&](size_t back) { return static_cast<uint8_t>(n[n.size() - back]); };
  return {byte(3), byte(2), byte(1)};
}

Interpolation filter_of(const Numbers& n) {
  return n[0] == 1 ? Interpolation::bilinear : Interpolation::bicubic;
}

int whole(const Numbers& n) { return static_cast<int>(n.at(0)); }

using Change = std::function<void(const PixelBuffer&, const Numbers&)>;
const std::map<std::string, Change> kChanges = {
    {"brightness", [](auto& p, auto& n) { adjust_brightness(p, n.at(0)); }},
    {"contrast", [](auto& p, auto& n) { adjust_contrast(p, n.at(0)); }},
    {"saturation", [](auto& p, auto& n) { adjust_saturation(p, n.at(0)); }},
    {"sharpness", [](auto& p, auto& n) { adjust_sharpness(p, n.at(0)); }},
    {"hue", [](auto& p, auto& n) { adjust_hue(p, n.at(0)); }},
    {"grey", [](auto& p, auto&) { make_grey(p); }},
    {"invert", [](auto& p, auto&) { invert(p); }},
    {"autocontrast", [](auto& p, auto&) { autocontrast(p); }},
    {"equalise", [](auto& p, auto&) { equalise(p); }},
    {"solarise", [](auto& p, auto& n) { solarise(p, whole(n)); }},
    {"solarise_add", [](auto& p, auto& n) { solarise_add(p, whole(n)); }},
    {"posterise", [](auto& p, auto& n) { posterise(p, whole(n)); }},
    {"blur", [](auto& p, auto& n) { gaussian_blur(p, n.at(0)); }},
    {"rotate", [](auto& p, auto& n) { rotate(p, n.at(1), filter_of(n), fill_of(n)); }},
    {"affine", [](auto& p, auto& n) {
       affine(p, {n.at(1), n.at(2), n.at(3), n.at(4), n.at(5), n.at(6)}, filter_of(n), fill_of(n));
     }}};

Numbers numbers_of(const std::string& text) {
  Numbers numbers;
  std::istringstream stream(text);
  for (std::string number; std::getline(stream, number, ',');)
    numbers.push_back(std::strtod(number.c_str(), nullptr));
  return numbers;
}

TEST(PixelOperations, EqualThePeersInEveryBit) {
  const SafetensorsFile golden(golden_folder() / "pixel_operations.safetensors");
  std::map<std::string, int> compared;
  for (const auto& [key, tensor] : golden.tensors()) {
    const size_t first = key.find('|'), second = key.rfind('|');
    if (first == std::string::npos) continue;
    Image image = as_image(golden.at(key.substr(0, first)));
    const std::string operation = key.substr(first + 1, second - first - 1);
    kChanges.at(operation)(buffer_of(image), numbers_of(key.substr(second + 1)));
    EXPECT_EQ(image.pixels, as_image(tensor).pixels) << key;
    ++compared[operation];
  }
  EXPECT_EQ(compared.size(), kChanges.size());
  for (const auto& [operation, count] : compared) EXPECT_GE(count, 3) << operation;
}

TEST(PixelOperations, LeaveGreyPicturesWithoutHueAndSaturation) {
  const Image before = noise_picture(5, 6, 1);
  Image image = before;
  adjust_hue(buffer_of(image), 0.3);
  adjust_saturation(buffer_of(image), 0.0);
  make_grey(buffer_of(image));
  EXPECT_EQ(image.pixels, before.pixels);
}

TEST(PixelOperations, StandAPictureOfOnePixel) {
  for (const auto& [operation, change] : kChanges) {
    Image image = noise_picture(1, 1, 3);
    change(buffer_of(image),
           operation == "affine" ? Numbers{1, 1, 0, 0, 0, 1, 0, 9, 9, 9} : Numbers{1, 2, 9, 9, 9});
    EXPECT_EQ(image.pixels.size(), 3U) << operation;
  }
}

TEST(Posterise, TurnsBlackWithoutBits) {
  Image image = noise_picture(3, 3, 3);
  posterise(buffer_of(image), 0);
  EXPECT_EQ(image.pixels, std::vector<uint8_t>(27, 0));
}

TEST(Blur, WithoutARadiusChangesNothing) {
  const Image before = noise_picture(9, 7, 3);
  Image image = before;
  gaussian_blur(buffer_of(image), 0.0);
  EXPECT_EQ(image.pixels, before.pixels);
}

TEST(Affine, NamesAnInterpolationThatItHasNot) {
  Image image = noise_picture(3, 3, 3);
  const auto message = error_message<std::invalid_argument>([&] {
    affine(buffer_of(image), {1, 0, 0, 0, 1, 0}, Interpolation::lanczos, {0, 0, 0});
  });
  EXPECT_EQ(message, "[affine] expected bilinear or bicubic interpolation; got lanczos");
}

TEST(Mirror, TakesTheRightSideForTheLeft) {
  Image image{1, 3, 3, {1, 2, 3, 4, 5, 6, 7, 8, 9}};
  mirror(buffer_of(image));
  EXPECT_EQ(image.pixels, (std::vector<uint8_t>{7, 8, 9, 4, 5, 6, 1, 2, 3}));
}

}  // namespace
}  // namespace repbench
