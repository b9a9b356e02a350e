#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace repbench {

/// Features in the coordinates of their principal axes, with a column of ones for the intercept: rotations
/// keep a ridge penalty and every score, and make the covariance, our preconditioner, diagonal.
struct RotatedFeatures {
  at::Tensor rows;      // [N, r + 1] float64; r = D, or N where there are fewer examples than dimensions
  at::Tensor variance;  // [r] mean square of each column
  at::Tensor mean;      // [D]
  at::Tensor axes;      // [D, r], orthonormal columns (or 0, where fewer directions are needed)
  double mean_norm = 0;

  /// Weights [a, K, r + 1] here as weights [a, K, D] and biases [a, K] of the features themselves.
  at::Tensor weight(const at::Tensor& parameters) const;
  at::Tensor bias(const at::Tensor& parameters) const;

  /// Gradients [a, K, r + 1] here as gradients [a, K, D] by the weights of the features themselves.
  at::Tensor weight_gradient(const at::Tensor& gradients) const;
};

/// features [N, D] float32 or float64.
RotatedFeatures rotate_features(const at::Tensor& features);

/// How many rows to take at a time when each needs `width` numbers.
int64_t rows_per_block(int64_t width);

}  // namespace repbench
