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

/// Scores [m, N, K] float64 of each training example by the solution without it, in closed form: the residual
/// r_n becomes r_n / (1 - h_n), h_n the example's leverage (intercept included); one eigendecomposition for
/// every lambda. labels: int64 [N] in 0 ... classes - 1, or targets [N, K] float32 or float64 with K =
/// classes. N >= 2. Throws std::invalid_argument as solve_ridge does.
at::Tensor ridge_leave_one_out(const at::Tensor& features, const at::Tensor& labels, int64_t classes,
                               const std::vector<double>& lambda);

/// big_vision's few-shot classifier (fewshot_lsr): scores [M, K] float64 of `test` [M, D] by ridge regression
/// on `train` [N, D] to +-1 one-hot targets. Both are standardised by the mean and deviation (divided by N,
/// plus 1e-5) of `train`; the intercept is a further feature of constant 100, penalised as the rest.
/// Throws std::invalid_argument as solve_ridge does, and where the widths differ.
at::Tensor big_vision_ridge_scores(const at::Tensor& train, const at::Tensor& labels, int64_t classes,
                                   const at::Tensor& test, double lambda = 1024);

}  // namespace repbench
