#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace repbench {

using Members = std::vector<int64_t>;

/// Independent smooth functions of P parameters each, evaluated together. `members` says to which of them the
/// rows of a matrix [a, P] belong.
class BatchObjective {
 public:
  struct Evaluation {
    std::vector<double> value;  // a
    at::Tensor gradient;        // [a, P] float64
  };

  virtual ~BatchObjective() = default;
  virtual Evaluation evaluate(const at::Tensor& points, const Members& members) = 0;

  /// A fixed positive definite estimate of the inverse Hessian times each row.
  virtual at::Tensor precondition(const at::Tensor& vectors, const Members& members) const = 0;

  /// The norm that the tolerance is about, for each row.
  virtual std::vector<double> norm(const at::Tensor& gradients, const Members& members) const = 0;

  /// A cheap lower bound of norm(), so that rows far from the end need not pay for it.
  virtual std::vector<double> norm_at_least(const at::Tensor& gradients, const Members& members) const = 0;

  /// How far each row's value is from its optimum, at most.
  virtual std::vector<double> gap(const at::Tensor& gradients, const Members& members) const = 0;

  /// Relative rounding error of a value.
  virtual double noise() const = 0;
};

struct LbfgsOptions {
  double tolerance = 0;  // a member is done when its norm() is below,
  double gap = 0;        // and its gap() is at most this part of its value
  int64_t max_iterations = 0;
  int64_t history = 0;         // pairs
  std::vector<int64_t> spent;  // iterations that each member has behind it; empty: none
};

struct Minimum {
  at::Tensor point;           // [m, P]
  std::vector<double> value;  // m each
  std::vector<double> norm;
  std::vector<int64_t> iterations;
  std::vector<bool> converged;
};

/// L-BFGS on all rows of `start` [m, P] in lockstep: each member has its own history, step and end; one
/// batched evaluation serves the trials of all, and finished members cost nothing. A member also ends, not
/// converged, after max_iterations or when rounding allows no further progress.
Minimum minimise(BatchObjective& objective, const at::Tensor& start, const LbfgsOptions& options);

}  // namespace repbench
