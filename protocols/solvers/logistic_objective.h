#pragma once

#include "protocols/solvers/lbfgs.h"
#include "protocols/solvers/logistic_stack.h"

namespace repbench {

/// The mean loss of softmax regression plus ||W||^2 / (2 C N), one member for each problem and C. Parameters
/// are [K, r + 1] matrices in the coordinates of RotatedFeatures, the intercepts last.
class LogisticObjective final : public BatchObjective {
 public:
  /// rows: the stack's rows in the dtype of the matrix products; all else is float64. members: by ascending
  /// problem. The preconditioner is the Hessian's mean diagonal where the class probabilities are those of
  /// the first evaluation, which is of all members.
  LogisticObjective(const LogisticStack& stack, at::Tensor rows, std::vector<LogisticMember> members);

  Evaluation evaluate(const at::Tensor& points, const Members& members) override;
  at::Tensor precondition(const at::Tensor& vectors, const Members& members) const override;
  std::vector<double> norm(const at::Tensor& gradients, const Members& members) const override;
  std::vector<double> norm_at_least(const at::Tensor& gradients, const Members& members) const override;
  std::vector<double> gap(const at::Tensor& gradients, const Members& members) const override;
  double noise() const override;

 private:
  /// Neighbouring problems with equally many members here: one batched product.
  struct Run {
    int64_t problem, problems;  // the first, and how many
    int64_t row, each;          // its first row of the points, and rows a problem
  };

  std::vector<Run> runs(const Members& members) const;
  void add(const Run& run, const at::Tensor& weights, at::Tensor gradient, at::Tensor loss, bool first);
  at::Tensor residual(const at::Tensor& scores, const at::Tensor& labels, at::Tensor& loss, bool first,
                      int64_t row);
  void finish_curvature();
  at::Tensor penalties(const Members& members) const;  // [a, 1, 1]: 1 / (C N)
  at::Tensor problems(const Members& members) const;   // [a] int64
  at::Tensor matrix(const at::Tensor& points) const {
    return points.view({points.size(0), stack_.classes, -1});
  }

  const LogisticStack& stack_;
  at::Tensor rows_;
  std::vector<LogisticMember> members_;
  at::Tensor reach_;      // [P] root of the largest variance
  at::Tensor curvature_;  // [m, K], from the first evaluation
};

}  // namespace repbench
