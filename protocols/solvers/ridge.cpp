#include "protocols/solvers/ridge.h"

#include <ATen/ATen.h>

#include <Eigen/Eigenvalues>
#include <stdexcept>
#include <utility>

#include "protocols/solvers/checks.h"

namespace repbench {
namespace {

struct Eigenpairs {
  at::Tensor values, vectors;  // ascending; one vector a column
};

Eigenpairs eigenpairs(const at::Tensor& symmetric) {
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const at::Tensor host = symmetric.to(at::kCPU).contiguous();
  const int64_t n = host.size(0);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(
      Eigen::Map<const Matrix>(host.const_data_ptr<double>(), n, n));
  if (solver.info() != Eigen::Success)
    throw std::runtime_error("[ridge] expected eigenvalues; got no convergence");
  Eigenpairs result{at::empty({n}, host.options()), at::empty({n, n}, host.options())};
  Eigen::Map<Eigen::VectorXd>(result.values.data_ptr<double>(), n) = solver.eigenvalues();
  Eigen::Map<Matrix>(result.vectors.data_ptr<double>(), n, n) = solver.eigenvectors();
  return {result.values.clamp_min(0).to(symmetric.device()), result.vectors.to(symmetric.device())};
}

/// +1 for the example's class, -1 elsewhere.
at::Tensor targets(const at::Tensor& labels, int64_t classes, const at::TensorOptions& options) {
  return at::full({labels.size(0), classes}, -1.0, options).scatter_(1, labels.unsqueeze(1), 1.0);
}

}  // namespace

RidgeSolution solve_ridge(const at::Tensor& features, const at::Tensor& labels, int64_t classes,
                          const std::vector<double>& lambda) {
  check_features("ridge", features);
  check_labels("ridge", labels, features.size(0), classes);
  check_positive("ridge", "lambda", lambda);
  at::Tensor x = features.to(at::kDouble);
  const at::Tensor mean = x.mean(0);
  x = x - mean;
  at::Tensor t = targets(labels.to(x.device()), classes, x.options());
  const at::Tensor target_mean = t.mean(0);
  t.sub_(target_mean);
  // W = t' x (x'x + lambda)^-1 = t' (x x' + lambda)^-1 x: the smaller of the two.
  const bool dual = x.size(0) < x.size(1);
  const auto [values, vectors] = eigenpairs(dual ? at::mm(x, x.t()) : at::mm(x.t(), x));
  const at::Tensor left = dual ? at::mm(t.t(), vectors) : at::mm(at::mm(t.t(), x), vectors);
  const at::Tensor right = dual ? at::mm(vectors.t(), x) : vectors.t();
  const at::Tensor shrink = values + at::tensor(lambda, x.options()).unsqueeze(1);  // [m, r]
  RidgeSolution solution;
  solution.weight = at::matmul(left / shrink.unsqueeze(1), right);
  solution.bias = target_mean - at::matmul(solution.weight, mean);
  solution.lambda = lambda;
  return solution;
}

at::Tensor ridge_scores(const RidgeSolution& solution, const at::Tensor& features) {
  const at::Tensor &w = solution.weight, x = features.to(at::kDouble);
  return at::baddbmm(solution.bias.unsqueeze(1), x.expand({w.size(0), x.size(0), x.size(1)}),
                     w.transpose(1, 2));
}

}  // namespace repbench
