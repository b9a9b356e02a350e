#pragma once

#include <cstdint>
#include <vector>

#include "datasets/splits.h"

namespace repbench {

/// The order in which an epoch visits `examples`: a permutation of 0 ... n-1 from (seed, epoch). With a
/// `window` above 0 and data in shards: the shards in random order, each read from its beginning, and
/// shuffled inside windows of so many examples, so that a disk or network reads long stretches (as
/// webdataset's shard shuffle and shuffle buffer).
std::vector<int64_t> epoch_order(const Dataset& dataset, const IndexList& examples, uint64_t seed,
                                 uint64_t epoch, int64_t window);

}  // namespace repbench
