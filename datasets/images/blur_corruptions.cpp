#include <algorithm>
#include <array>
#include <opencv2/imgproc.hpp>

#include "datasets/images/corruption_filters.h"
#include "datasets/images/corruptions.h"

namespace repbench {
namespace {

void gaussian_blur_corruption(const PixelBuffer& pixels, int severity, RandomStream&) {
  constexpr Severities<double> kDeviation{{1, 2, 3, 4, 6}, {0.4, 0.6, 0.7, 0.8, 1}};
  store(smoothed(shares_of(pixels), kDeviation.of(pixels, severity)), pixels);
}

// A disk whose rim is blurred.
struct Lens {
  double radius, rim;

  cv::Mat kernel() const {
    constexpr int kSmallest = 8;
    const int reach = radius <= kSmallest ? kSmallest : static_cast<int>(radius);
    const int ring = radius <= kSmallest ? 3 : 5;
    cv::Mat disk(2 * reach + 1, 2 * reach + 1, CV_64F);
    for (int y = -reach; y <= reach; ++y) {
      for (int x = -reach; x <= reach; ++x)
        disk.at<double>(y + reach, x + reach) = x * x + y * y <= radius * radius ? 1.0 : 0.0;
    }
    disk /= cv::sum(disk)[0];
    cv::GaussianBlur(disk, disk, {ring, ring}, rim);
    return disk;
  }
};

void defocus_blur(const PixelBuffer& pixels, int severity, RandomStream&) {
  constexpr Severities<Lens> kLens{{{{3, 0.1}, {4, 0.5}, {6, 0.5}, {8, 0.5}, {10, 0.5}}},
                                   {{{0.3, 0.4}, {0.4, 0.5}, {0.5, 0.6}, {1, 0.2}, {1.5, 0.1}}}};
  cv::Mat blurred;
  cv::filter2D(shares_of(pixels), blurred, -1, kLens.of(pixels, severity).kernel());
  store(blurred, pixels);
}

struct Glass {
  double deviation;
  int reach, rounds;
};

// Each pixel becomes a near one. (The authors swap the two, but through views of one array, which copies: the
// published pictures have been copied from, not swapped.)
void shuffle_nearby(const PixelBuffer& pixels, const Glass& glass, RandomStream& stream) {
  const auto shift = [&] { return static_cast<int>(stream.integer(2 * glass.reach)) - glass.reach; };
  for (int round = 0; round < glass.rounds; ++round) {
    for (int y = pixels.height - glass.reach; y > glass.reach; --y) {
      for (int x = pixels.width - glass.reach; x > glass.reach; --x) {
        const int dx = shift(), dy = shift();
        const uint8_t* const from = pixels.row(y + dy) + (x + dx) * pixels.channels;
        std::copy_n(from, pixels.channels, pixels.row(y) + x * pixels.channels);
      }
    }
  }
}

void glass_blur(const PixelBuffer& pixels, int severity, RandomStream& stream) {
  constexpr Severities<Glass> kGlass{{{{0.7, 1, 2}, {0.9, 2, 1}, {1, 2, 3}, {1.1, 3, 2}, {1.5, 4, 2}}},
                                     {{{0.05, 1, 1}, {0.25, 1, 1}, {0.4, 1, 1}, {0.25, 1, 2}, {0.4, 1, 2}}}};
  const Glass& glass = kGlass.of(pixels, severity);
  store(smoothed(shares_of(pixels), glass.deviation), pixels);
  shuffle_nearby(pixels, glass, stream);
  store(smoothed(shares_of(pixels), glass.deviation), pixels);
}

struct Motion {
  double radius, deviation;
};

void motion_blur(const PixelBuffer& pixels, int severity, RandomStream& stream) {
  constexpr Severities<Motion> kMotion{{{{10, 3}, {15, 5}, {15, 8}, {15, 12}, {20, 15}}},
                                       {{{6, 1}, {6, 1.5}, {6, 2}, {8, 2}, {9, 2.5}}}};
  const Motion& motion = kMotion.of(pixels, severity);
  cv::Mat bytes(pixels.height, pixels.width, CV_8UC(pixels.channels), pixels.data), values;
  bytes.convertTo(values, CV_64F);
  motion_blurred(values, motion.radius, motion.deviation, stream.uniform(-45, 45)).convertTo(bytes, CV_8U);
}

// So many enlargements, the first of them by 1.
struct Zoom {
  int count;
  double step;
};

void zoom_blur(const PixelBuffer& pixels, int severity, RandomStream&) {
  constexpr Severities<Zoom> kZoom{{{{12, 0.01}, {16, 0.01}, {11, 0.02}, {13, 0.02}, {11, 0.03}}},
                                   {{{7, 0.01}, {12, 0.01}, {16, 0.01}, {21, 0.01}, {26, 0.01}}}};
  const Zoom& zoom = kZoom.of(pixels, severity);
  const cv::Mat shares = shares_of(pixels);
  cv::Mat sum = shares.clone();
  // As np.arange rounds: a bit decides whether an enlargement has a pixel more.
  const double step = (1.0 + zoom.step) - 1.0;
  for (int i = 0; i < zoom.count; ++i) sum += zoomed(shares, 1.0 + i * step);
  store(sum / (zoom.count + 1.0), pixels);
}

constexpr auto kGroup = CorruptionGroup::blur;
constexpr std::array<CorruptionKind, 5> kKinds = {
    {{"defocus_blur", kGroup, false, false, defocus_blur},
     {"glass_blur", kGroup, false, true, glass_blur},
     {"motion_blur", kGroup, false, true, motion_blur},
     {"zoom_blur", kGroup, false, false, zoom_blur},
     {"gaussian_blur", kGroup, true, false, gaussian_blur_corruption}}};

}  // namespace

std::span<const CorruptionKind> blur_corruptions() { return kKinds; }

}  // namespace repbench
