#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace repbench {

struct Neighbours {
  at::Tensor similarity;  // [N, k] float32, descending
  at::Tensor index;       // [N, k] int64 into the bank; equal similarities: the lower index first
};

/// Exact k nearest by inner product, blocked: never more than a tile of scores in memory. queries [N, D] and
/// bank [M, D] float32 (L2-normalise them for cosine); 1 <= k <= M.
Neighbours nearest_neighbours(const at::Tensor& queries, const at::Tensor& bank, int64_t k);

/// Weighted votes exp(similarity / temperature) of the first k neighbours: class scores [N, K] float64
/// (Wu et al. 2018, as in DINO).
at::Tensor vote(const Neighbours& neighbours, const at::Tensor& bank_labels, int64_t classes, int64_t k,
                double temperature);

}  // namespace repbench
