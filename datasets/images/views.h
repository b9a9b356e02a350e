#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "datasets/images/image.h"
#include "datasets/images/resize.h"
#include "datasets/random.h"

// A view turns a picture into the pixels that an encoder sees: uint8 HWC of a fixed size. It is named by a
// specification that goes into reports and fingerprints:
//   eval:RESIZE:CROP:INTERPOLATION          resize the short side (torchvision's rule), centre crop
//   mae_train:SIZE:MIN_SCALE:INTERPOLATION  RandomResizedCrop (torchvision's ten tries), horizontal flip
//   clip_train:SIZE:MIN_SCALE:INTERPOLATION the same crop, from 0.9 of the area up, and no flip (open_clip's)
//   small_eval:SIZE                         the whole picture at SIZE x SIZE (bicubic; untouched if it fits)
//   small_train:SIZE:PADDING                random crop of small_eval:SIZE with a black border, horizontal
//   flip
// Trailing parts may be left out: eval:224 is eval:224:224:bicubic, mae_train:224 is
// mae_train:224:0.2:bicubic, clip_train:224 is clip_train:224:0.9:bicubic, small_train:32 is
// small_train:32:4. An eval crop larger than the resized picture is padded with black. Draws come in a fixed
// order: the crop, then the flip.

namespace repbench {

class ViewTransform {
 public:
  virtual ~ViewTransform() = default;

  /// The complete specification, defaults filled in.
  virtual std::string specification() const = 0;

  /// Side of the square output in pixels.
  virtual int size() const = 0;

  /// Does `apply` draw from its stream?
  virtual bool random() const = 0;

  /// Writes size * size * image.channels bytes, HWC. Thread-safe.
  virtual void apply(const Image& image, RandomStream& stream, std::span<uint8_t> output) const = 0;
};

/// Throws std::invalid_argument naming the specification and the known forms.
std::unique_ptr<ViewTransform> make_view(std::string_view specification);

/// The crop that torchvision's RandomResizedCrop.get_params would take: ten tries, then the central crop.
CropWindow random_resized_crop(int height, int width, double min_scale, double max_scale,
                               RandomStream& stream);

}  // namespace repbench
