#pragma once

#include <cstdint>
#include <vector>

#include "protocols/features.h"

namespace repbench {

/// Cross-validation: every example is held out once, in stratified parts of nearly equal size. Throws
/// std::invalid_argument "[WHERE] key 'folds': ..." where there are fewer examples than folds.
std::vector<SelectionSplit> fold_splits(const Dataset& dataset, const IndexList& from, int64_t folds,
                                        uint64_t seed, std::string_view where);

}  // namespace repbench
