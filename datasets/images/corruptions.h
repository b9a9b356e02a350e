#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "datasets/images/operations.h"
#include "datasets/images/view_parts.h"

// The corruptions of ImageNet-C and CIFAR-10-C (Hendrycks and Dietterich, ICLR 2019) at severities 1 to 5,
// with the constants of the authors' code. Fourteen of its fifteen: frost overlays photographs, which are not
// here. And the four kept for validation: speckle_noise, gaussian_blur, spatter, saturate.
//   noise    gaussian_noise  shot_noise  impulse_noise  (speckle_noise)
//   blur     defocus_blur  glass_blur  motion_blur  zoom_blur  (gaussian_blur)
//   weather  snow  fog  brightness  (spatter)
//   digital  contrast  elastic_transform  pixelate  jpeg_compression  (saturate)
//
// Constants: ImageNet-C's were chosen for 224x224 pixels, CIFAR-10-C's for 32x32. A picture whose longer side
// has at most 84 pixels takes CIFAR-10-C's, a larger one ImageNet-C's: the nearer in ratio. Lengths in pixels
// are taken as they are at every size (as the authors do at 299 pixels).
//
// Results are truncated to bytes, as the authors do in memory. The published ImageNet-C was then saved as
// JPEG of quality 85, which these pictures are not: figures on the two are close, not equal. Grey pictures of
// one channel have one noise where RGB has three, and no saturation.

namespace repbench {

enum class CorruptionGroup { noise, blur, weather, digital };
std::string_view name(CorruptionGroup group);

/// A row of the table of corruptions.
struct CorruptionKind {
  std::string_view name;
  CorruptionGroup group;
  bool validation;  // one of the four that are not counted in the mean over corruptions
  bool random;      // does it draw?
  void (*apply)(const PixelBuffer& pixels, int severity, RandomStream& stream);
};

/// In the order above.
std::span<const CorruptionKind> corruption_kinds();

/// Null if there is none of this name.
const CorruptionKind* find_corruption(std::string_view name);

/// For a command's help.
std::string_view corruption_form();

/// From "NAME:SEVERITY", and of those that draw ":SEED" (0 if left out). It draws from (SEED, name and
/// severity, the item of the view's stream) alone: an example looks the same in every run and epoch. Throws
/// std::invalid_argument naming the specification.
std::unique_ptr<PixelOperation> make_corruption(const CorruptionKind& kind, ViewParts parts);

/// The groups' parts of the table.
std::span<const CorruptionKind> noise_corruptions();
std::span<const CorruptionKind> blur_corruptions();
std::span<const CorruptionKind> weather_corruptions();
std::span<const CorruptionKind> digital_corruptions();

}  // namespace repbench
