#pragma once

#include <cstdint>
#include <vector>

#include "datasets/splits.h"

namespace repbench {

/// Examples by class; one with several classes counts in each.
struct ClassBalance {
  std::vector<int64_t> counts;  // one a class
  int64_t smallest = 0, largest = 0;
  std::vector<int64_t> empty_classes;
  int64_t unlabelled = 0;  // examples without a class
};

ClassBalance class_balance(const Dataset& dataset, const IndexList& examples);

}  // namespace repbench
