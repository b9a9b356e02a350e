#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace repbench {

/// Where one of several stands. Places are told only as far as intervals do not overlap.
struct Rank {
  int64_t place = 1;                // those whom a chain of overlaps joins share the best place among them
  std::vector<size_t> tied_with;    // their intervals overlap this one: no order is told
  std::vector<size_t> faster_than;  // their intervals lie wholly below
};

/// By the rates of repetitions (higher is better, two or more each): Student's t intervals of the means that
/// hold together with 95 % (Bonferroni over all that are ranked).
std::vector<Rank> rank_by_rates(std::span<const std::vector<double>> rates);

}  // namespace repbench
