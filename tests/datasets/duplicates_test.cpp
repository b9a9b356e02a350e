#include "datasets/duplicates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

#include "datasets/images/resize.h"
#include "tests/datasets/noise_picture.h"

namespace repbench {
namespace {

// Smooth and different for every seed.
Image smooth_picture(uint64_t seed) {
  return resize(noise_picture(6, 8, 3, seed), 96, 128, Interpolation::bicubic);
}

Image brighter(Image image, int levels) {
  for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(std::min(255, value + levels));
  return image;
}

std::vector<Duplicate> duplicates_of(const std::vector<Image>& pictures, std::vector<int> groups = {}) {
  std::vector<PicturePrint> prints;
  for (const Image& picture : pictures) prints.push_back(print_of(picture));
  groups.resize(pictures.size());
  return find_duplicates(prints, groups);
}

TEST(PicturePrint, TellsPicturesOfTheSamePixelsAlone) {
  const Image picture = smooth_picture(1);
  EXPECT_EQ(print_of(picture).pixels, print_of(picture).pixels);
  Image other = picture;
  other.pixels[100] ^= 1;
  EXPECT_NE(print_of(picture).pixels, print_of(other).pixels);
  Image turned = picture;
  std::swap(turned.height, turned.width);
  EXPECT_NE(print_of(picture).pixels, print_of(turned).pixels) << "the same bytes in another shape";
}

TEST(Duplicates, AreTheSamePixels) {
  const auto found =
      duplicates_of({smooth_picture(1), smooth_picture(2), smooth_picture(1), smooth_picture(1)});
  ASSERT_EQ(found.size(), 2U);
  for (const Duplicate& pair : found) {
    EXPECT_EQ(pair.first, 0U) << "the first of all";
    EXPECT_TRUE(pair.exact);
  }
  EXPECT_EQ(found[0].second, 2U);
  EXPECT_EQ(found[1].second, 3U);
}

TEST(Duplicates, AreNearWhereAPictureWasResizedOrBrightened) {
  const Image picture = smooth_picture(1);
  const auto found =
      duplicates_of({smooth_picture(2), picture, resize(picture, 48, 64, Interpolation::bilinear),
                     brighter(picture, 20), smooth_picture(3)});
  ASSERT_EQ(found.size(), 2U);
  for (const Duplicate& pair : found) {
    EXPECT_FALSE(pair.exact);
    EXPECT_GT(pair.difference, 0.0);
    EXPECT_LE(pair.difference, 8.0);
  }
  EXPECT_EQ(found[0].first, 1U);
  EXPECT_EQ(found[0].second, 2U);
  EXPECT_EQ(found[1].second, 3U);
}

TEST(Duplicates, AreNotOtherPictures) {
  std::vector<Image> others;
  for (uint64_t seed = 0; seed < 60; ++seed) others.push_back(smooth_picture(seed));
  EXPECT_TRUE(duplicates_of(others).empty());
}

TEST(Duplicates, AreReportedOnceForEachSplitThatHasOne) {
  const Image picture = smooth_picture(1);
  const auto found = duplicates_of({picture, picture, smooth_picture(2), picture, picture}, {0, 0, 1, 1, 1});
  std::vector<std::pair<size_t, size_t>> pairs;
  for (const Duplicate& pair : found) pairs.emplace_back(pair.first, pair.second);
  EXPECT_EQ(pairs, (std::vector<std::pair<size_t, size_t>>{{0, 1}, {0, 3}, {0, 4}, {3, 4}}));
}

// The search by parts must find what comparing all with all finds.
TEST(Duplicates, AreAllFoundWithoutComparingAllWithAll) {
  std::vector<PicturePrint> prints;
  std::vector<int> groups;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    PicturePrint print;
    print.pixels = std::to_string(seed);
    // A few families of hashes that differ in up to 12 bits.
    RandomStream stream(seed, Purpose::noise, 0, 0);
    print.phash = hash64(std::to_string(seed % 20));
    for (int i = 0; i < 6; ++i) print.phash ^= uint64_t{stream.uniform() < 0.7} << stream.integer(64);
    prints.push_back(print);
    groups.push_back(static_cast<int>(seed));  // each its own: every pair is told
  }
  size_t expected = 0;
  for (size_t j = 0; j < prints.size(); ++j) {
    for (size_t i = 0; i < j; ++i) expected += std::popcount(prints[i].phash ^ prints[j].phash) <= 10;
  }
  EXPECT_GT(expected, 100U);
  EXPECT_EQ(find_duplicates(prints, groups).size(), expected);
}

}  // namespace
}  // namespace repbench
