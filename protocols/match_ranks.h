#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace repbench {

/// Candidates first ... last - 1, which are right for one query.
struct Matches {
  int64_t first = 0, last = 0;
};

/// The place, from 1, at which the first of a query's matches comes when candidates are ordered by inner
/// product, equal ones by index. Never more than a tile of scores in memory. queries [N, E] and candidates
/// [M, E] float32, finite; `matches` one a query, not empty, inside 0 ... M. Throws std::invalid_argument.
std::vector<int64_t> match_ranks(const at::Tensor& queries, const at::Tensor& candidates,
                                 std::span<const Matches> matches);

/// The probability that at least one of `matching` among `candidates` comes among the first `k` of a random
/// order: 1 - C(candidates - matching, k) / C(candidates, k).
double chance_of_a_match(int64_t candidates, int64_t matching, int64_t k);

}  // namespace repbench
