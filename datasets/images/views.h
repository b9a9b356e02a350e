#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/images/image.h"
#include "datasets/images/resample.h"
#include "datasets/images/resize.h"
#include "datasets/random.h"

// A view turns a picture into the pixels that an encoder sees: uint8 HWC of a fixed size. It is named by a
// specification that goes into reports and fingerprints: GEOMETRY or GEOMETRY+OPERATION+... (operations.h).
//   eval:RESIZE:CROP:INTERPOLATION
//       resize the short side (torchvision's rule), centre crop
//   timm_eval:SIZE:CROP_PCT:INTERPOLATION
//       the same with RESIZE = floor(SIZE / CROP_PCT) (timm's `center`)
//   squash:SIZE:INTERPOLATION
//       the whole picture at SIZE x SIZE (timm's `squash`, SigLIP)
//   border:SIZE:CROP_PCT:INTERPOLATION:FILL
//       the long side to floor(SIZE / CROP_PCT), a border of FILL (timm's `border`)
//   clip_eval:RESIZE:CROP:INTERPOLATION
//       eval in the picture's own mode, converted last (CLIP's order)
//   small_eval:SIZE
//       the whole picture at SIZE x SIZE (bicubic; untouched if it fits)
//   crop:SIZE:MIN_SCALE:MAX_SCALE:INTERPOLATION
//       RandomResizedCrop (torchvision's ten tries)
//   single_crop:SIZE:MIN_SCALE:MAX_SCALE:INTERPOLATION
//       one try, clamped to the picture (MAE's linear probing)
//   mae_train:SIZE:MIN_SCALE:INTERPOLATION
//       `crop` up to the whole picture, horizontal flip
//   clip_train:SIZE:MIN_SCALE:INTERPOLATION
//       `crop` up to the whole picture, from 0.9 of the area up (open_clip's)
//   small_train:SIZE:PADDING
//       random crop of small_eval:SIZE with a black border, horizontal flip
// Trailing parts may be left out: eval:224 is eval:224:224:bicubic, timm_eval:224 is
// timm_eval:224:0.875:bicubic, border:224 is border:224:1:bicubic:124,116,104 (ImageNet's mean), crop:224 is
// crop:224:0.08:1:bicubic, mae_train:224 is mae_train:224:0.2:bicubic, clip_train:224 is
// clip_train:224:0.9:bicubic, small_train:32 is small_train:32:4. A crop larger than the resized picture is
// padded with black. Draws come in a fixed order: the crop, the flip, then each operation's. A kind whose
// pixels change gets a new version, "eval@2:...", once it is not 1.

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

  /// The pixels that `apply` reads of a height x width picture with this stream (a copy draws the same), so
  /// that no others need be decoded. Throws std::runtime_error if the picture is too long for the view.
  virtual CropWindow source(int height, int width, RandomStream stream) const = 0;

  /// Does it want the picture in its own mode (`decode_native`), because it resizes before it converts?
  virtual bool native() const { return false; }

  /// Writes size * size * channels bytes, HWC, of a plain picture; `part` covers at least source(...).
  /// Thread-safe. Throws std::invalid_argument for an output of another size.
  virtual void apply(const PicturePart& part, RandomStream& stream, std::span<uint8_t> output) const = 0;

  /// For native() views alone: from a picture in its own mode to `channels`, 1 or 3.
  virtual void apply_native(const Image& image, int channels, RandomStream& stream,
                            std::span<uint8_t> output) const;

  /// Of a whole plain picture.
  void apply(const Image& image, RandomStream& stream, std::span<uint8_t> output) const;
};

/// Throws std::invalid_argument naming the specification and the known forms.
std::unique_ptr<ViewTransform> make_view(std::string_view specification);

/// Several views of one picture, as multi-crop wants them: "2*crop:224:0.25:1;6*crop:96:0.05:0.25". A plain
/// specification gives one. At most 64.
std::vector<std::shared_ptr<const ViewTransform>> make_views(std::string_view specification);

/// What make_views would read again.
std::string specification_of(std::span<const std::shared_ptr<const ViewTransform>> views);

/// Every geometry and operation, for a command's help.
std::string view_help();

/// The crop that torchvision's RandomResizedCrop.get_params would take: ten tries, then the central crop.
CropWindow random_resized_crop(int height, int width, double min_scale, double max_scale,
                               RandomStream& stream);

}  // namespace repbench
