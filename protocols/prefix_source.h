#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "datasets/batch_source.h"
#include "datasets/dataset.h"
#include "datasets/loader.h"
#include "datasets/splits.h"

// Training behind frozen stages: what they give of a picture is the same in every epoch, so it is computed
// once and batches of it are served.

namespace repbench {

/// What the frozen stages give of each example, in the order of an index list.
struct PrefixTable {
  at::Tensor values;             // [n, N, D] or [n, D] fp32, on the CPU
  at::Tensor labels;             // [n] int64
  std::vector<int64_t> indices;  // in the data set
  std::vector<uint64_t> keys;    // hash64 of the ids
};

using PrefixFunction = std::function<at::Tensor(const View&)>;

/// Reads `source` (not shuffled, nothing dropped) to its end. Every batch that `prefix` sees has `batch_size`
/// pictures, the last one filled up by repetition: kernels may round differently for another shape. Throws
/// std::invalid_argument "[finetune] key 'prefix_cache': ..." naming the bytes if the table would take more
/// than half of `memory` bytes.
PrefixTable compute_prefixes(BatchSource& source, int64_t examples, int64_t batch_size, int64_t memory,
                             const PrefixFunction& prefix, const std::function<void(int64_t done)>& progress);

/// Batches with `features` in place of views, otherwise those of make_loader with the same data set, examples
/// and options (batch_size, shuffle, shuffle_window, drop_last and seed count).
std::unique_ptr<BatchSource> make_prefix_source(std::shared_ptr<const Dataset> dataset, IndexList examples,
                                                PrefixTable table, const LoaderOptions& options);

/// Of this machine, in bytes.
int64_t physical_memory();

}  // namespace repbench
