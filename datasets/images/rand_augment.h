#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/images/colour.h"
#include "datasets/images/pixel_buffer.h"
#include "datasets/images/resize.h"
#include "datasets/random.h"

// timm's RandAugment: its operations, its level functions and its configuration strings.

namespace repbench {

struct RandAugmentConfig {
  int magnitude = 10;                          // m
  int layers = 2;                              // n
  double probability = 0.5;                    // p, of each layer
  double deviation = 0.0;                      // mstd; above 100 the magnitude is uniform from 0 to m
  int most = 10;                               // mmax
  bool increasing = false;                     // inc
  std::optional<Interpolation> interpolation;  // of geometric operations; none: bilinear or bicubic by chance
  Colour fill{128, 128, 128};                  // what they uncover

  /// "rand-m9-mstd0.5-inc1", with the parts that are not timm's defaults.
  std::string written() const;
};

/// Throws std::invalid_argument "[view] CONFIG: expected ..." for parts that are unknown or out of range.
/// timm's sets of operations ("t...") are not known.
RandAugmentConfig parse_rand_augment(std::string_view config);

/// One of timm's operations with its argument worked out: pixels for translations, a factor, bits, ...
struct AugmentStep {
  std::string_view name;  // timm's, e.g. "ShearX"
  double argument = 0.0;  // 0 where there is none
  Interpolation interpolation = Interpolation::bicubic;
};

/// timm's names of the operations drawn from, in its order.
std::vector<std::string_view> augment_names(bool increasing);

/// The argument of an operation at a magnitude; `negated` where it has a sign to draw. Throws
/// std::invalid_argument for an unknown name.
double augment_argument(std::string_view name, double magnitude, bool negated);

/// What is applied to one picture. Draws all operations first, then for each: whether it is applied, its
/// magnitude (where that is random), its sign (where it has one), its interpolation (where that is random).
std::vector<AugmentStep> draw_steps(const RandAugmentConfig& config, RandomStream& stream);

/// Applies a step; translations are shares of the width or height.
void augment(const PixelBuffer& pixels, const AugmentStep& step, const Colour& fill);

}  // namespace repbench
