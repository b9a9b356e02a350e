#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "datasets/dataset.h"

namespace repbench {

/// Other pictures of the same classes, or of some of them (as ImageNet-A and -R have).
struct ShiftedSet {
  std::string name;  // fit for a metric's name
  std::shared_ptr<const Dataset> dataset;
  std::vector<int64_t> classes;  // of each of its classes: which of the standard set's, by name
};

/// Opens them. Throws std::invalid_argument "[robustness] key 'shifted': ..." for a class that the standard
/// set does not have (naming the nearest), for examples of no class or several, and for one name twice.
std::vector<ShiftedSet> open_shifted_sets(const std::vector<std::string>& specifications,
                                          const std::string& split, const Dataset& standard);

}  // namespace repbench
