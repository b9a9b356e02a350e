#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace repbench {

/// Least squares to +-1 one-hot targets with an unpenalised intercept, closed form (Eigen), float64:
///   min over W, b of  sum_n ||W x_n + b - t_n||^2 + lambda ||W||^2
/// One eigendecomposition of the centred Gram matrix (min(N, D) square) serves every lambda.
struct RidgeSolution {
  at::Tensor weight;           // [m, K, D] float64
  at::Tensor bias;             // [m, K] float64
  std::vector<double> lambda;  // m values
};

/// features [N, D] float32 or float64, labels [N] int64 in 0 ... classes-1, lambda > 0.
/// Throws std::invalid_argument on shapes, labels out of range, non-finite features, or lambda <= 0.
RidgeSolution solve_ridge(const at::Tensor& features, const at::Tensor& labels, int64_t classes,
                          const std::vector<double>& lambda);

/// Scores [m, N, K] float64.
at::Tensor ridge_scores(const RidgeSolution& solution, const at::Tensor& features);

}  // namespace repbench
