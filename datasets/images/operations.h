#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/images/pixel_buffer.h"
#include "datasets/random.h"

// What may happen to a view's pixels after its geometry, as "+"-joined parts of its specification:
//   flip:PROBABILITY                                horizontal flip
//   jitter:BRIGHTNESS:CONTRAST:SATURATION:HUE:PROBABILITY   torchvision's ColorJitter, in a random order
//   grey:PROBABILITY                                three equal channels
//   blur:PROBABILITY:LOW:HIGH                       Pillow's GaussianBlur, its radius between LOW and HIGH
//   solarise:PROBABILITY:THRESHOLD                  inverts values from THRESHOLD up
//   erase:PROBABILITY:MODE                          timm's RandomErasing (erase.h): const, rand or pixel
//   randaug:CONFIG:INTERPOLATION:FILL               timm's RandAugment (rand_augment.h)
//   CORRUPTION:SEVERITY:SEED                        one of ImageNet-C's (corruptions.h), as fog:3 or fog:3:7
// Trailing parts may be left out: flip is flip:0.5, jitter is jitter:0.4:0.4:0.4:0.1:0.8, grey is grey:0.2,
// blur is blur:0.5:0.1:2, solarise is solarise:0.2:128, erase is erase:0.25:const, randaug is
// randaug:rand-m9-mstd0.5-inc1:random:128,128,128.
// Each draws from the view's stream in a fixed order: whether it is applied (nothing is drawn where the
// probability is 0 or 1), then its parameters in the order of the specification. Grey pictures have no hue
// and no saturation; those parts draw all the same and change nothing. Corruptions draw nothing from the
// view's stream: they have a stream of their own for each example, the same in every epoch and run.

namespace repbench {

class PixelOperation {
 public:
  virtual ~PixelOperation() = default;

  /// The complete part of the specification, defaults filled in.
  virtual std::string specification() const = 0;

  /// Does `apply` draw from its stream?
  virtual bool random() const = 0;

  /// Changes the pixels in place. Thread-safe.
  virtual void apply(const PixelBuffer& pixels, RandomStream& stream) const = 0;
};

/// "flip:PROBABILITY" and the others, for a command's help.
std::vector<std::string_view> operation_forms();

/// From one part, as "flip:0.5". Throws std::invalid_argument naming it and the known forms.
std::unique_ptr<PixelOperation> make_operation(std::string_view specification);

}  // namespace repbench
