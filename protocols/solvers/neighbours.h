#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace repbench {

struct Neighbours {
  at::Tensor similarity;  // [N, k] float32, descending
  at::Tensor index;       // [N, k] int64 into the bank; equal similarities: the lower index first
};

/// What is near: a large inner product, or a small Euclidean distance (then `similarity` is minus it).
enum class Similarity { inner_product, l2 };

struct NeighbourSearch {
  Similarity by = Similarity::inner_product;
  int64_t shards = 1;  // parts of the bank, of whole blocks, searched alone and merged: changes no bit
  std::vector<int64_t> own = {};  // leave-one-out: the row of the bank that each query itself is, no
                                  // neighbour of it; -1: none. Empty: of no query
};

/// Exact k nearest, blocked: never more than a tile of scores in memory. queries [N, D] and bank [M, D]
/// float32 (L2-normalise them for cosine); 1 <= k <= M, or M - 1 where `own` is given. Distances are computed
/// in float64. Throws std::invalid_argument.
Neighbours nearest_neighbours(const at::Tensor& queries, const at::Tensor& bank, int64_t k,
                              const NeighbourSearch& search = {});

/// The k nearest of all parts, [N, k_i] each with indices into the whole bank: what a search of the whole
/// gives if each part holds its k nearest, or all it has. Throws std::invalid_argument for fewer than k.
Neighbours merge_neighbours(std::span<const Neighbours> parts, int64_t k);

/// Weighted votes exp(similarity / temperature) of the first k neighbours: class scores [N, K] float64
/// (Wu et al. 2018, as in DINO).
at::Tensor vote(const Neighbours& neighbours, const at::Tensor& bank_labels, int64_t classes, int64_t k,
                double temperature);

/// Votes 1 / (distance + 1e-5) of the first k neighbours by distance, as solo-learn's: class scores [N, K]
/// float64.
at::Tensor vote_by_distance(const Neighbours& neighbours, const at::Tensor& bank_labels, int64_t classes,
                            int64_t k);

}  // namespace repbench
