#pragma once

#include <algorithm>
#include <array>
#include <opencv2/core.hpp>

#include "datasets/images/pixel_buffer.h"
#include "datasets/random.h"

// What the corruptions are made of. Shares are doubles in [0, 1], where 1 is the byte 255.

namespace repbench {

inline constexpr int kSeverities = 5;
inline constexpr int kLargestSmallSide = 84;  // pixels: the geometric mean of 32 and 224

/// A corruption's constants by severity, at 224 and at 32 pixels.
template <typename Constants>
struct Severities {
  std::array<Constants, kSeverities> large, small;

  /// Of a picture, by its longer side; severity from 1.
  const Constants& of(const PixelBuffer& pixels, int severity) const {
    const bool is_small = std::max(pixels.height, pixels.width) <= kLargestSmallSide;
    return (is_small ? small : large)[static_cast<size_t>(severity - 1)];
  }
};

/// [H, W] of the picture's channels, CV_64F.
cv::Mat shares_of(const PixelBuffer& pixels);

/// Clipped to [0, 1] and truncated to bytes, as NumPy's uint8(255 * x).
void store(const cv::Mat& shares, const PixelBuffer& pixels);

/// H x W CV_64F of one channel: normal, or uniform in [-1, 1).
cv::Mat normal_layer(const PixelBuffer& like, double mean, double deviation, RandomStream& stream);
cv::Mat uniform_layer(const PixelBuffer& like, RandomStream& stream);

/// scikit-image's `gaussian`: the kernel ends at `truncate` deviations.
cv::Mat smoothed(const cv::Mat& values, double deviation, double truncate = 4.0,
                 int border = cv::BORDER_REPLICATE);

/// All channels of CV_64F values between pixels, linear and exact (cv::remap knows 32 places between two
/// pixels); mirrored outside, the edge twice.
void sample_linear(const cv::Mat& values, double y, double x, double* output);

/// The centre, enlarged to the same size: scipy.ndimage.zoom of order 1, whose corners are aligned. factor
/// >= 1.
cv::Mat zoomed(const cv::Mat& values, double factor);

/// ImageMagick 6's motion blur: half a Gaussian of 2 * ceil(radius) + 1 places in the direction of `angle`
/// (degrees, 0 is along the row, counted downwards), places rounded to pixels, edges repeated. Values of
/// bytes in and out: rounded to its 16 bits, of which 8 are kept.
cv::Mat motion_blurred(const cv::Mat& bytes, double radius, double deviation, double angle);

}  // namespace repbench
