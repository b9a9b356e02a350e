#include <algorithm>
#include <array>
#include <opencv2/imgproc.hpp>

#include "datasets/images/colour.h"
#include "datasets/images/corruption_filters.h"
#include "datasets/images/corruptions.h"

namespace repbench {
namespace {

double* pixel_of(cv::Mat& shares, size_t index) {
  return shares.ptr<double>() + index * static_cast<size_t>(shares.channels());
}

double grey_of(const double* pixel, int channels) {
  return channels == 1 ? pixel[0] : 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
}

// ---- Snow ----

struct Snow {
  double mean, deviation, zoom, least;  // of flakes
  double radius, blur;                  // of their fall
  double colour;                        // share of the picture's own colours
};

cv::Mat falling_flakes(const PixelBuffer& pixels, const Snow& snow, RandomStream& stream) {
  cv::Mat flakes = zoomed(normal_layer(pixels, snow.mean, snow.deviation, stream), snow.zoom);
  for (size_t i = 0; i < flakes.total(); ++i) {
    double& flake = flakes.ptr<double>()[i];
    flake = flake < snow.least ? 0.0 : std::floor(std::min(flake, 1.0) * 255.0);
  }
  return motion_blurred(flakes, snow.radius, snow.blur, stream.uniform(-135, -45)) / 255.0;
}

void snow(const PixelBuffer& pixels, int severity, RandomStream& stream) {
  constexpr Severities<Snow> kSnow{{{{0.1, 0.3, 3, 0.5, 10, 4, 0.8},
                                     {0.2, 0.3, 2, 0.5, 12, 4, 0.7},
                                     {0.55, 0.3, 4, 0.9, 12, 8, 0.7},
                                     {0.55, 0.3, 4.5, 0.85, 12, 8, 0.65},
                                     {0.55, 0.3, 2.5, 0.85, 12, 12, 0.55}}},
                                   {{{0.1, 0.2, 1, 0.6, 8, 3, 0.95},
                                     {0.1, 0.2, 1, 0.5, 10, 4, 0.9},
                                     {0.15, 0.3, 1.75, 0.55, 10, 4, 0.9},
                                     {0.25, 0.3, 2.25, 0.6, 12, 6, 0.85},
                                     {0.3, 0.3, 1.25, 0.65, 14, 12, 0.8}}}};
  const Snow& constants = kSnow.of(pixels, severity);
  const cv::Mat flakes = falling_flakes(pixels, constants, stream);
  cv::Mat shares = shares_of(pixels);
  const auto* flake = flakes.ptr<double>();
  for (size_t i = 0; i < pixels.count(); ++i) {
    double* const pixel = pixel_of(shares, i);
    const double white = grey_of(pixel, pixels.channels) * 1.5 + 0.5;
    const double fallen = flake[i] + flake[pixels.count() - 1 - i];  // and the layer turned by 180 degrees
    for (int c = 0; c < pixels.channels; ++c) {
      pixel[c] = constants.colour * pixel[c] + (1 - constants.colour) * std::max(pixel[c], white) + fallen;
    }
  }
  store(shares, pixels);
}

// ---- Fog ----

struct Fog {
  double thickness, decay;
};

// A plasma fractal by the diamond-square algorithm (Fournier et al., 1982) on a torus, scaled to [0, 1]. What
// is drawn becomes smaller by decay * decay from one step to the next.
class Plasma {
 public:
  /// size: a power of two, at least 2.
  Plasma(int size, double decay, RandomStream& stream)
      : map_(size, size, CV_64F, cv::Scalar(0)), size_(size), stream_(stream) {
    double wobble = 100;
    for (int step = size; step >= 2; step /= 2, wobble /= decay) {
      const int half = step / 2;
      fill(half, half, step, wobble, {{{-half, -half}, {half, -half}, {-half, half}, {half, half}}});
      const std::array<cv::Point, 4> diamond = {{{0, -half}, {0, half}, {-half, 0}, {half, 0}}};
      fill(0, half, step, wobble, diamond);
      fill(half, 0, step, wobble, diamond);
    }
    double least = 0, most = 0;
    cv::minMaxLoc(map_, &least, &most);
    map_ = (map_ - least) / (most - least);
  }

  double at(int y, int x) const { return map_.at<double>(y, x); }

 private:
  // The mean of four known places around each, and a draw.
  void fill(int top, int left, int step, double wobble, const std::array<cv::Point, 4>& around) {
    for (int y = top; y < size_; y += step) {
      for (int x = left; x < size_; x += step) {
        double sum = 0;
        for (const cv::Point& off : around)
          sum += at((y + off.y + size_) % size_, (x + off.x + size_) % size_);
        map_.at<double>(y, x) = sum / 4 + wobble * stream_.uniform(-wobble, wobble);
      }
    }
  }

  cv::Mat map_;
  int size_;
  RandomStream& stream_;
};

void fog(const PixelBuffer& pixels, int severity, RandomStream& stream) {
  constexpr Severities<Fog> kFog{{{{1.5, 2}, {2, 2}, {2.5, 1.7}, {2.5, 1.5}, {3, 1.4}}},
                                 {{{0.2, 3}, {0.5, 3}, {0.75, 2.5}, {1, 2}, {1.5, 1.75}}}};
  const Fog& constants = kFog.of(pixels, severity);
  int size = 2;
  while (size < std::max(pixels.height, pixels.width)) size *= 2;
  const Plasma plasma(size, constants.decay, stream);
  const double most = *std::max_element(pixels.data, pixels.data + pixels.bytes()) / 255.0;
  cv::Mat shares = shares_of(pixels);
  for (int y = 0; y < pixels.height; ++y) {
    for (int x = 0; x < pixels.width; ++x) {
      for (int c = 0; c < pixels.channels; ++c) {
        double& value = shares.ptr<double>(y)[x * pixels.channels + c];
        value = (value + constants.thickness * plasma.at(y, x)) * most / (most + constants.thickness);
      }
    }
  }
  store(shares, pixels);
}

// ---- Brightness ----

// HSV's value raised: hue and saturation stay, so that all channels grow in proportion.
void brightness(const PixelBuffer& pixels, int severity, RandomStream&) {
  constexpr Severities<double> kRaise{{0.1, 0.2, 0.3, 0.4, 0.5}, {0.05, 0.1, 0.15, 0.2, 0.3}};
  const double raise = kRaise.of(pixels, severity);
  cv::Mat shares = shares_of(pixels);
  for (size_t i = 0; i < pixels.count(); ++i) {
    double* const pixel = pixel_of(shares, i);
    const double value = *std::max_element(pixel, pixel + pixels.channels);
    const double raised = std::min(value + raise, 1.0);
    for (int c = 0; c < pixels.channels; ++c) pixel[c] = value > 0 ? pixel[c] / value * raised : raised;
  }
  store(shares, pixels);
}

// ---- Spatter ----

struct Spatter {
  double mean, deviation, blur, least;  // of drops
  double strength;                      // of water; of mud: how far its rim is blurred
  bool mud;
};

// How much water shows where: bright on one side of each drop's rim, dark on the other.
cv::Mat water_of(const cv::Mat& drops, double strength) {
  cv::Mat bytes(drops.rows, drops.cols, CV_8U), edges, distance, light;
  for (size_t i = 0; i < drops.total(); ++i)  // truncated; above 1 it wraps around, as NumPy's uint8
    bytes.data[i] = static_cast<uint8_t>(static_cast<int64_t>(drops.ptr<double>()[i] * 255.0));
  cv::Canny(bytes, edges, 50, 150);
  cv::distanceTransform(255 - edges, distance, cv::DIST_L2, 5);
  cv::threshold(distance, distance, 20, 20, cv::THRESH_TRUNC);
  cv::blur(distance, distance, {3, 3});
  for (size_t i = 0; i < distance.total(); ++i)
    distance.ptr<float>()[i] = std::floor(distance.ptr<float>()[i]);
  distance.convertTo(light, CV_8U);
  cv::equalizeHist(light, light);
  const cv::Mat relief = (cv::Mat_<float>(3, 3) << -2, -1, 0, -1, 1, 1, 0, 1, 2);
  cv::filter2D(light, light, CV_8U, relief);
  cv::blur(light, light, {3, 3});
  cv::Mat water;
  cv::multiply(bytes, light, water, 1.0, CV_64F);
  double most = 0;
  cv::minMaxLoc(water, nullptr, &most);
  return most > 0 ? cv::Mat(water * (strength / most)) : water;
}

cv::Mat mud_of(const cv::Mat& drops, double least, double blur) {
  cv::Mat mud(drops.rows, drops.cols, CV_64F);
  for (size_t i = 0; i < drops.total(); ++i)
    mud.ptr<double>()[i] = drops.ptr<double>()[i] > least ? 1.0 : 0.0;
  mud = smoothed(mud, blur);
  for (size_t i = 0; i < mud.total(); ++i) {
    if (mud.ptr<double>()[i] < 0.8) mud.ptr<double>()[i] = 0.0;
  }
  return mud;
}

void spatter(const PixelBuffer& pixels, int severity, RandomStream& stream) {
  constexpr Severities<Spatter> kSpatter{{{{0.65, 0.3, 4, 0.69, 0.6, false},
                                           {0.65, 0.3, 3, 0.68, 0.6, false},
                                           {0.65, 0.3, 2, 0.68, 0.5, false},
                                           {0.65, 0.3, 1, 0.65, 1.5, true},
                                           {0.67, 0.4, 1, 0.65, 1.5, true}}},
                                         {{{0.62, 0.1, 0.7, 0.7, 0.5, false},
                                           {0.65, 0.1, 0.8, 0.7, 0.5, false},
                                           {0.65, 0.3, 1, 0.69, 0.5, false},
                                           {0.65, 0.1, 0.7, 0.69, 0.6, true},
                                           {0.65, 0.1, 0.5, 0.68, 0.6, true}}}};
  constexpr Colour kWater{175, 238, 238}, kMud{63, 42, 20};
  const Spatter& constants = kSpatter.of(pixels, severity);
  cv::Mat drops = smoothed(normal_layer(pixels, constants.mean, constants.deviation, stream), constants.blur);
  for (size_t i = 0; i < drops.total(); ++i) {
    if (drops.ptr<double>()[i] < constants.least) drops.ptr<double>()[i] = 0.0;
  }
  const cv::Mat layer = constants.mud ? mud_of(drops, constants.least, constants.strength)
                                      : water_of(drops, constants.strength);
  const Colour colour = shown_in(constants.mud ? kMud : kWater, pixels.channels);
  cv::Mat shares = shares_of(pixels);
  for (size_t i = 0; i < pixels.count(); ++i) {
    const double share = layer.ptr<double>()[i], kept = constants.mud ? 1 - share : 1.0;
    double* const pixel = pixel_of(shares, i);
    for (int c = 0; c < pixels.channels; ++c) pixel[c] = pixel[c] * kept + colour[c] / 255.0 * share;
  }
  store(shares, pixels);
}

constexpr auto kGroup = CorruptionGroup::weather;
constexpr std::array<CorruptionKind, 4> kKinds = {{{"snow", kGroup, false, true, snow},
                                                   {"fog", kGroup, false, true, fog},
                                                   {"brightness", kGroup, false, false, brightness},
                                                   {"spatter", kGroup, true, true, spatter}}};

}  // namespace

std::span<const CorruptionKind> weather_corruptions() { return kKinds; }

}  // namespace repbench
