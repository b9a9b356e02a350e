#include "protocols/fold_splits.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace repbench {
namespace {

/// Positions within `from` of what is in `held`, and of the rest.
SelectionSplit split_by(const IndexList& from, const IndexList& held) {
  SelectionSplit split;
  for (int64_t row = 0; row < from.size(); ++row) {
    const bool is_held =
        std::binary_search(held.indices.begin(), held.indices.end(), from.indices[static_cast<size_t>(row)]);
    (is_held ? split.held_out : split.kept).push_back(row);
  }
  return split;
}

}  // namespace

std::vector<SelectionSplit> fold_splits(const Dataset& dataset, const IndexList& from, int64_t folds,
                                        uint64_t seed, std::string_view where) {
  if (from.size() < folds) {
    throw std::invalid_argument(fmt::format(
        "[{}] key 'folds': expected at most the {} training examples; got {}", where, from.size(), folds));
  }
  std::vector<SelectionSplit> splits;
  IndexList rest = from;
  for (int64_t fold = 0; fold + 1 < folds; ++fold) {
    HoldOut parts = hold_out(dataset, rest, 1.0 / static_cast<double>(folds - fold), seed);
    splits.push_back(split_by(from, parts.held_out));
    rest = std::move(parts.kept);
  }
  splits.push_back(split_by(from, rest));
  return splits;
}

}  // namespace repbench
