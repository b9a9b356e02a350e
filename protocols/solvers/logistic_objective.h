#pragma once

#include "protocols/solvers/lbfgs.h"
#include "protocols/solvers/rotated_features.h"

namespace repbench {

/// The mean loss of softmax regression plus ||W||^2 / (2 C N), one member for each C. Parameters are
/// [K, r + 1] matrices in the coordinates of RotatedFeatures, the intercepts last.
class LogisticObjective final : public BatchObjective {
 public:
  /// rows: features.rows in the dtype of the matrix products; all else is float64. The preconditioner is the
  /// Hessian's mean diagonal where the class probabilities are those of the first evaluation.
  LogisticObjective(const RotatedFeatures& features, at::Tensor rows, at::Tensor labels, int64_t classes,
                    std::vector<double> C);

  Evaluation evaluate(const at::Tensor& points, const Members& members) override;
  at::Tensor precondition(const at::Tensor& vectors, const Members& members) const override;
  std::vector<double> norm(const at::Tensor& gradients) const override;
  std::vector<double> norm_at_least(const at::Tensor& gradients) const override;
  double noise() const override;

 private:
  at::Tensor residual(const at::Tensor& scores, const at::Tensor& labels, at::Tensor& loss, bool first);
  void finish_curvature();
  at::Tensor penalties(const Members& members) const;  // [a, 1, 1]: 1 / (C N)
  at::Tensor matrix(const at::Tensor& points) const { return points.view({points.size(0), classes_, -1}); }

  const RotatedFeatures& features_;
  at::Tensor rows_;
  at::Tensor labels_;  // [N, 1, 1]
  int64_t classes_;
  std::vector<double> C_;
  at::Tensor curvature_;  // [m, K], from the first evaluation
};

}  // namespace repbench
