#include <algorithm>
#include <array>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "datasets/images/corruption_filters.h"
#include "datasets/images/corruptions.h"
#include "datasets/images/decode.h"
#include "datasets/images/resize.h"

namespace repbench {
namespace {

cv::Mat bytes_of(const PixelBuffer& pixels) {
  return {pixels.height, pixels.width, CV_8UC(pixels.channels), pixels.data};
}

void contrast(const PixelBuffer& pixels, int severity, RandomStream&) {
  constexpr Severities<double> kKept{{0.4, 0.3, 0.2, 0.1, 0.05}, {0.75, 0.5, 0.4, 0.3, 0.15}};
  const double kept = kKept.of(pixels, severity);
  cv::Mat shares = shares_of(pixels);
  const cv::Scalar mean = cv::mean(shares);
  auto* value = shares.ptr<double>();
  for (size_t i = 0; i < pixels.bytes(); ++i) {
    const double middle = mean[static_cast<int>(i % static_cast<size_t>(pixels.channels))];
    value[i] = (value[i] - middle) * kept + middle;
  }
  store(shares, pixels);
}

struct Saturation {
  double factor, raise;
};

// HSV's saturation changed: value and hue stay. What has no hue is taken for red, as scikit-image does.
void saturate(const PixelBuffer& pixels, int severity, RandomStream&) {
  constexpr Severities<Saturation> kSaturation{{{{0.3, 0}, {0.1, 0}, {2, 0}, {5, 0.1}, {20, 0.2}}},
                                               {{{0.3, 0}, {0.1, 0}, {1.5, 0}, {2, 0.1}, {2.5, 0.2}}}};
  if (pixels.channels == 1) return;
  const Saturation& constants = kSaturation.of(pixels, severity);
  cv::Mat shares = shares_of(pixels);
  for (size_t i = 0; i < pixels.count(); ++i) {
    double* const pixel = shares.ptr<double>() + 3 * i;
    const auto [least, most] = std::minmax_element(pixel, pixel + 3);
    const double value = *most, range = *most - *least;
    const double saturation = range > 0 ? range / value : 0.0;
    const double changed = std::clamp(saturation * constants.factor + constants.raise, 0.0, 1.0);
    for (int c = 0; c < 3; ++c) {
      const double away = range > 0 ? (value - pixel[c]) / range : static_cast<double>(c > 0);
      pixel[c] = value * (1 - changed * away);
    }
  }
  store(shares, pixels);
}

void pixelate(const PixelBuffer& pixels, int severity, RandomStream&) {
  constexpr Severities<double> kShare{{0.6, 0.5, 0.4, 0.3, 0.25}, {0.95, 0.9, 0.85, 0.75, 0.65}};
  const double share = kShare.of(pixels, severity);
  const auto fewer = [&](int side) { return std::max(static_cast<int>(side * share), 1); };
  Image image{pixels.height, pixels.width, pixels.channels, {pixels.data, pixels.data + pixels.bytes()}};
  image = resize(image, fewer(pixels.height), fewer(pixels.width), Interpolation::box);
  image = resize(image, pixels.height, pixels.width, Interpolation::box);
  std::copy(image.pixels.begin(), image.pixels.end(), pixels.data);
}

void jpeg_compression(const PixelBuffer& pixels, int severity, RandomStream&) {
  constexpr Severities<int> kQuality{{25, 18, 15, 10, 7}, {80, 65, 58, 50, 40}};
  cv::Mat picture = bytes_of(pixels);
  if (pixels.channels == 3) cv::cvtColor(bytes_of(pixels), picture, cv::COLOR_RGB2BGR);
  std::vector<uint8_t> file;
  cv::imencode(".jpg", picture, file, {cv::IMWRITE_JPEG_QUALITY, kQuality.of(pixels, severity)});
  const Image image = decode(std::as_bytes(std::span(file)), pixels.channels, "jpeg_compression");
  std::copy(image.pixels.begin(), image.pixels.end(), pixels.data);
}

// ---- Elastic transform ----

struct Elastic {
  double stretch, deviation;  // pixels: of the displacements and of their smoothing
  double corner;              // pixels that three corners are moved by, at most
};

// Three corners of a square in the middle go elsewhere.
cv::Mat moved(const PixelBuffer& pixels, double most, RandomStream& stream) {
  // Whole numbers, as the authors' code has them.
  const int column = pixels.width / 2, row = pixels.height / 2;
  const int third = std::min(pixels.height, pixels.width) / 3;
  const auto x = static_cast<float>(column), y = static_cast<float>(row), side = static_cast<float>(third);
  const std::array<cv::Point2f, 3> from = {
      {{x + side, y + side}, {x + side, y - side}, {x - side, y - side}}};
  std::array<cv::Point2f, 3> to = from;
  for (cv::Point2f& corner : to) {
    corner.x += static_cast<float>(stream.uniform(-most, most));
    corner.y += static_cast<float>(stream.uniform(-most, most));
  }
  cv::Mat shares = shares_of(pixels), result;
  shares.convertTo(shares, CV_32F);
  cv::warpAffine(shares, result,
                 side > 0 ? cv::getAffineTransform(from.data(), to.data()) : cv::Mat::eye(2, 3, CV_64F),
                 shares.size(), cv::INTER_LINEAR, cv::BORDER_REFLECT_101);
  result.convertTo(result, CV_64F);
  return result;
}

// Smooth displacements along one axis.
cv::Mat displacements(const PixelBuffer& pixels, const Elastic& elastic, RandomStream& stream) {
  cv::Mat layer = uniform_layer(pixels, stream);
  if (elastic.stretch == 0) return layer * 0.0;
  layer.convertTo(layer, CV_32F);
  layer = smoothed(layer, elastic.deviation, 3.0, cv::BORDER_REFLECT) * elastic.stretch;
  layer.convertTo(layer, CV_64F);
  return layer;
}

void elastic_transform(const PixelBuffer& pixels, int severity, RandomStream& stream) {
  constexpr double kLarge = 244, kSmall = 32;  // (the authors wrote 244 for 224)
  constexpr Severities<Elastic> kElastic{{{{kLarge * 2, kLarge * 0.7, kLarge * 0.1},
                                           {kLarge * 2, kLarge * 0.08, kLarge * 0.2},
                                           {kLarge * 0.05, kLarge * 0.01, kLarge * 0.02},
                                           {kLarge * 0.07, kLarge * 0.01, kLarge * 0.02},
                                           {kLarge * 0.12, kLarge * 0.01, kLarge * 0.02}}},
                                         {{{0, 0, kSmall * 0.08},
                                           {kSmall * 0.05, kSmall * 0.2, kSmall * 0.07},
                                           {kSmall * 0.08, kSmall * 0.06, kSmall * 0.06},
                                           {kSmall * 0.1, kSmall * 0.04, kSmall * 0.05},
                                           {kSmall * 0.1, kSmall * 0.03, kSmall * 0.03}}}};
  const Elastic& elastic = kElastic.of(pixels, severity);
  const cv::Mat shares = moved(pixels, elastic.corner, stream);
  const cv::Mat right = displacements(pixels, elastic, stream), down = displacements(pixels, elastic, stream);
  cv::Mat result(shares.rows, shares.cols, shares.type());
  for (int y = 0; y < shares.rows; ++y) {
    for (int x = 0; x < shares.cols; ++x) {
      sample_linear(shares, y + down.at<double>(y, x), x + right.at<double>(y, x),
                    result.ptr<double>(y) + x * shares.channels());
    }
  }
  store(result, pixels);
}

constexpr auto kGroup = CorruptionGroup::digital;
constexpr std::array<CorruptionKind, 5> kKinds = {
    {{"contrast", kGroup, false, false, contrast},
     {"elastic_transform", kGroup, false, true, elastic_transform},
     {"pixelate", kGroup, false, false, pixelate},
     {"jpeg_compression", kGroup, false, false, jpeg_compression},
     {"saturate", kGroup, true, false, saturate}}};

}  // namespace

std::span<const CorruptionKind> digital_corruptions() { return kKinds; }

}  // namespace repbench
