#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "datasets/images/corruption_filters.h"
#include "datasets/images/corruptions.h"

namespace repbench {
namespace {

uint8_t byte_of(double share) { return static_cast<uint8_t>(std::clamp(share, 0.0, 1.0) * 255.0); }

void gaussian_noise(const PixelBuffer& pixels, int severity, RandomStream& stream) {
  constexpr Severities<double> kDeviation{{0.08, 0.12, 0.18, 0.26, 0.38}, {0.04, 0.06, 0.08, 0.09, 0.10}};
  const double deviation = kDeviation.of(pixels, severity);
  for (size_t i = 0; i < pixels.bytes(); ++i)
    pixels.data[i] = byte_of(pixels.data[i] / 255.0 + deviation * stream.normal());
}

void speckle_noise(const PixelBuffer& pixels, int severity, RandomStream& stream) {
  constexpr Severities<double> kDeviation{{0.15, 0.2, 0.35, 0.45, 0.6}, {0.06, 0.1, 0.12, 0.16, 0.2}};
  const double deviation = kDeviation.of(pixels, severity);
  for (size_t i = 0; i < pixels.bytes(); ++i) {
    const double share = pixels.data[i] / 255.0;
    pixels.data[i] = byte_of(share + share * deviation * stream.normal());
  }
}

// P(X <= k) of a Poisson variable, for k = 0, 1, ... until what is left cannot be drawn. mean <= 500.
std::vector<double> poisson_sums(double mean) {
  constexpr double kNegligible = 1e-18;
  std::vector<double> sums;
  double term = std::exp(-mean), sum = 0;
  for (int k = 0; k <= mean || term > kNegligible; ++k) {
    sum += term;
    sums.push_back(sum);
    term *= mean / (k + 1);
  }
  return sums;
}

void shot_noise(const PixelBuffer& pixels, int severity, RandomStream& stream) {
  constexpr Severities<double> kPhotons{{60, 25, 12, 5, 3}, {500, 250, 100, 75, 50}};
  const double photons = kPhotons.of(pixels, severity);  // of white
  std::array<std::vector<double>, 256> sums;             // by value, as they are met
  for (size_t i = 0; i < pixels.bytes(); ++i) {
    std::vector<double>& sum = sums[pixels.data[i]];
    if (sum.empty()) sum = poisson_sums(pixels.data[i] / 255.0 * photons);
    const auto count = std::upper_bound(sum.begin(), sum.end() - 1, stream.uniform()) - sum.begin();
    pixels.data[i] = byte_of(static_cast<double>(count) / photons);
  }
}

// Salt and pepper, each value by itself.
void impulse_noise(const PixelBuffer& pixels, int severity, RandomStream& stream) {
  constexpr Severities<double> kShare{{0.03, 0.06, 0.09, 0.17, 0.27}, {0.01, 0.02, 0.03, 0.05, 0.07}};
  const double share = kShare.of(pixels, severity);
  for (size_t i = 0; i < pixels.bytes(); ++i) {
    const double drawn = stream.uniform();
    if (drawn < share) pixels.data[i] = drawn < share / 2 ? 0 : 255;
  }
}

constexpr auto kGroup = CorruptionGroup::noise;
constexpr std::array<CorruptionKind, 4> kKinds = {{{"gaussian_noise", kGroup, false, true, gaussian_noise},
                                                   {"shot_noise", kGroup, false, true, shot_noise},
                                                   {"impulse_noise", kGroup, false, true, impulse_noise},
                                                   {"speckle_noise", kGroup, true, true, speckle_noise}}};

}  // namespace

std::span<const CorruptionKind> noise_corruptions() { return kKinds; }

}  // namespace repbench
