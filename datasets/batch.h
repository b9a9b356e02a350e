#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

// Shape letters, here and everywhere: B batch, N tokens or examples, D width, K classes, H W pixels, C
// channels, T frames, F features.

namespace repbench {

enum class Axes { BHWC, BTHWC, BTFC };

/// One picture of every example: uint8 for BHWC and BTHWC, float for BTFC. Sizes may differ between views.
struct View {
  at::Tensor data;
  Axes axes = Axes::BHWC;
};

/// Undefined tensors are what the task does not have.
struct Batch {
  std::vector<View> views;
  at::Tensor tokens;             // [B, N] int64
  at::Tensor labels;             // [B] int64 (-1: none)
  at::Tensor dense;              // [B, H, W] int64, dense targets
  at::Tensor features;           // [B, D] or [B, N, D] float, cached features or prefixes
  std::vector<int64_t> indices;  // of the examples in their data set
  std::vector<uint64_t> keys;    // hash64 of the examples' ids: the item of their random streams
  int64_t epoch = 0;

  int64_t size() const { return static_cast<int64_t>(indices.size()); }
};

}  // namespace repbench
