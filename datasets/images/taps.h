#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "datasets/images/resize.h"

// Which inputs make an output, and with what weights: the filters of Pillow's resize.

namespace repbench {

/// One axis: `inputs` pixels, of which [from, to) become `outputs`; taps for outputs [begin, begin + wanted).
struct Axis {
  int inputs;
  double from, to;
  int outputs, begin, wanted;
};

/// An axis that keeps its length is not filtered.
bool filtered(const Axis& axis);

/// Pillow 13 starts with the rows when they shrink much more than the columns (its pull request 9549).
bool rows_first(const Axis& rows, const Axis& columns);

constexpr int kFractionBits = 32 - 8 - 2;  // of a fixed-point weight, as in Pillow

/// Output i reads count[i] inputs from first[i]. `Weight` is int32_t (fixed point, for 8-bit pixels) or
/// double (for 16-bit ones).
template <typename Weight>
struct Taps {
  int longest = 0;
  std::vector<int> first, count;
  std::vector<Weight> weights;  // [outputs, longest]

  const Weight* of(int output) const { return weights.data() + static_cast<int64_t>(output) * longest; }
  int size() const { return static_cast<int>(first.size()); }

  /// Counts inputs from the first one that is read; gives that one and how many there are.
  std::pair<int, int> rebase();
};

/// Not for `nearest`, which has no weights.
void compute_taps(Interpolation interpolation, const Axis& axis, Taps<int32_t>& taps);
void compute_taps(Interpolation interpolation, const Axis& axis, Taps<double>& taps);

/// The first input that these outputs read, and how many there are from it to the last one. Any filter.
std::pair<int, int> inputs_of(Interpolation interpolation, const Axis& axis);

/// Nearest: the input of each wanted output; -1 where it lies outside.
void nearest_inputs(const Axis& axis, std::vector<int>& positions);

}  // namespace repbench
