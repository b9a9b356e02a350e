#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace repbench {

/// Multinomial logistic regression with scikit-learn's objective, for every C at once:
///   min over W, b of  C * sum_n -log softmax(W x_n + b)[y_n] + 1/2 ||W||^2      (b is not penalised)
/// (For two classes scikit-learn fits one weight vector, the difference of ours, at C = 2 times ours.)
struct LogisticProblem {
  at::Tensor features;    // [N, D] float32 or float64
  at::Tensor labels;      // [N] int64 in 0 ... classes-1
  int64_t classes = 0;    // K
  std::vector<double> C;  // m values, > 0
};

struct LogisticOptions {
  double tolerance = 1e-5;  // stop when max |gradient of the objective / (C N)| falls below,
  double gap = 1e-6;        // and gap_bound / objective too
  int64_t max_iterations = 1000;
  int64_t history = 10;  // L-BFGS pairs
};

struct LogisticSolution {
  at::Tensor weight;              // [m, K, D] float64
  at::Tensor bias;                // [m, K] float64, centred: sums to 0 over the classes that have examples
  std::vector<double> objective;  // at the solution, m values
  std::vector<double> gap_bound;  // objective - optimum is at most this, m values: a certificate, no estimate
  std::vector<double> gradient_norm;  // max |gradient / (C N)|, m values
  std::vector<int64_t> iterations;
  std::vector<bool> converged;
};

/// L-BFGS on bands of C in lockstep: X [W_1 ... W_a] is one matrix product per evaluation, a band as wide as
/// the product likes and started from where the solutions of stronger penalties point. float32 features go
/// most of the way in float32 products and are finished in float64; loss, dot products and history are
/// float64 throughout. Deterministic for a thread count; the order of C does not matter. A class without
/// examples gets weight 0 and bias -1e30, the limit that the objective's infimum asks for. Throws
/// std::invalid_argument on shapes, labels out of range, non-finite features, or C <= 0.
LogisticSolution solve_logistic(const LogisticProblem& problem, const LogisticOptions& options = {});

/// The same for many problems (seeds, draws, folds) as one batch; one solution each, in order. Small problems
/// of equal shape (N, min(N, D), classes with examples) go in lockstep, as batched products; what does not
/// share products shares the threads.
std::vector<LogisticSolution> solve_logistic(std::span<const LogisticProblem> problems,
                                             const LogisticOptions& options = {});

/// Scores [m, N, K] float64 of the m solutions.
at::Tensor logistic_scores(const LogisticSolution& solution, const at::Tensor& features);

}  // namespace repbench
