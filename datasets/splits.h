#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "datasets/dataset.h"

// Splits and draws are index lists derived from (seed, example id), never from order or a global generator:
// adding an example to a data set does not reshuffle the others.

namespace repbench {

struct IndexList {
  std::vector<int64_t> indices;  // ascending
  std::string hash;              // sha256 over the examples' ids, in order

  int64_t size() const { return static_cast<int64_t>(indices.size()); }
};

IndexList all_examples(const Dataset& dataset);

/// These examples, each once, in any order.
IndexList these_examples(const Dataset& dataset, std::vector<int64_t> indices);

/// `count` examples (all if there are fewer), class-balanced as far as the classes reach, nested: the draw of
/// a smaller count is inside the draw of a larger one. Without labels: by rank alone.
IndexList draw_examples(const Dataset& dataset, const IndexList& from, int64_t count, uint64_t seed);

/// `shots` examples of every class, nested in `shots`. Throws std::invalid_argument naming a class that is
/// too short.
IndexList draw_few_shot(const Dataset& dataset, const IndexList& from, int64_t shots, uint64_t seed);

/// The two parts of `from`: `held_out` is a stratified share in (0, 1), the rest is `kept`.
struct HoldOut {
  IndexList kept;
  IndexList held_out;
};
HoldOut hold_out(const Dataset& dataset, const IndexList& from, double share, uint64_t seed);

}  // namespace repbench
