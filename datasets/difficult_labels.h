#pragma once

#include <cstdint>
#include <vector>

#include "datasets/dataset.h"

namespace repbench {

/// Of a data set that knows classes which an example shows without counting for or against it, as Pascal
/// VOC's objects that are marked difficult.
class DifficultLabels {
 public:
  virtual ~DifficultLabels() = default;

  /// Ascending, and none of them among the example's labels.
  virtual std::vector<int64_t> difficult(int64_t index) const = 0;
};

/// None of a data set that knows no such classes.
inline std::vector<int64_t> difficult_labels(const Dataset& dataset, int64_t index) {
  const auto* knows = dynamic_cast<const DifficultLabels*>(&dataset);
  return knows != nullptr ? knows->difficult(index) : std::vector<int64_t>{};
}

}  // namespace repbench
