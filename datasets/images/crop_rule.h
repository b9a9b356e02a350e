#pragma once

#include <functional>

#include "datasets/images/resize.h"

namespace repbench {

struct Range {
  double low, high;
};

/// torchvision's RandomResizedCrop.get_params as a function of numbers in [0, 1): a try takes one for the
/// area and one for the aspect ratio (uniform in its logarithm); the first try that fits takes two more, for
/// top and left. After ten tries: the largest central crop within `ratio`, without further numbers.
CropWindow random_resized_crop(int height, int width, const Range& scale, const Range& ratio,
                               const std::function<double()>& uniform);

/// The variant of MAE's linear probing: one draw of area and ratio whose sides are clamped to the picture
/// (and to one pixel); no further tries. Takes four numbers: area, ratio, top, left.
CropWindow single_crop(int height, int width, const Range& scale, const Range& ratio,
                       const std::function<double()>& uniform);

/// torchvision's CenterCrop; outside the picture where that is smaller.
CropWindow center_crop(int height, int width, int size);

}  // namespace repbench
