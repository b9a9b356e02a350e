#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace repbench {

enum class OneVsRestLoss { squared_hinge, logistic };

/// One linear classifier a class, that class against all else, for every C (liblinear's primal trust-region
/// solvers):
///   min over w, b of  C * sum_n c_n loss(t_n (w . x_n + b)) + 1/2 ||w||^2 + 1/2 b^2,  t_n = +-1
/// with loss(u) = max(0, 1 - u)^2 or log(1 + exp(-u)), and c_n = positive_weight where t_n = 1, else 1. The
/// intercept is penalised, as in scikit-learn's LinearSVC and LogisticRegression(solver="liblinear") with
/// intercept_scaling 1.
struct OneVsRestProblem {
  at::Tensor features;    // [N, D] float32 or float64
  at::Tensor targets;     // [N, K] bool; several true in a row are allowed, or none
  std::vector<double> C;  // m values, > 0
  OneVsRestLoss loss = OneVsRestLoss::squared_hinge;
  double positive_weight = 1;  // factor on C for positives; VISSL: 2
};

struct OneVsRestOptions {
  double tolerance = 1e-4;  // each class: gap_bound <= tolerance * objective, as far as rounding allows
  int threads = 1;          // over classes; the solution's bits do not depend on it
};

struct OneVsRestSolution {
  at::Tensor weight;              // [m, K, D] float64
  at::Tensor bias;                // [m, K] float64
  std::vector<double> objective;  // at the solution, summed over classes, m values
  std::vector<double> gap_bound;  // objective - optimum is at most this, m values: a certificate
};

/// A class that is true everywhere gets weight 0 and bias 1e30, one that is true nowhere weight 0 and bias
/// -1e30: there is nothing to separate, and any other bias would be the penalty's. Both add nothing to the
/// objective. Deterministic; the order of C does not matter. Throws std::invalid_argument on shapes, dtypes,
/// non-finite features, C, weight or tolerance <= 0, or threads < 1.
OneVsRestSolution solve_one_vs_rest(const OneVsRestProblem& problem, const OneVsRestOptions& options = {});

/// Decision values [m, N, K] float64.
at::Tensor one_vs_rest_scores(const OneVsRestSolution& solution, const at::Tensor& features);

}  // namespace repbench
