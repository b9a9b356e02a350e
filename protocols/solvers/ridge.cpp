#include "protocols/solvers/ridge.h"

#include <ATen/ATen.h>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "protocols/solvers/checks.h"

namespace repbench {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct Eigenpairs {
  at::Tensor values, vectors;  // ascending; one vector a column
};

Eigenpairs eigenpairs(const at::Tensor& symmetric) {
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

/// Orthonormal columns [n, n - 1] whose entries sum to 0: a reflection that takes (1, ..., 1) to the first
/// axis, without its first column.
at::Tensor centred_basis(int64_t n, const at::TensorOptions& options) {
  at::Tensor normal = at::full({n}, 1 / std::sqrt(static_cast<double>(n)), options);
  normal[0].add_(1);
  const double square = normal.square().sum().item<double>();
  return at::eye(n, options).sub_(at::ger(normal, normal), 2 / square).narrow(1, 1, n - 1);
}

/// What an example's own residual r = t - (its fitted score) is made of: r_n / (1 - h_n) is the residual of
/// the fit without it, since the penalised least squares with the example's target moved to that prediction
/// has the same solution.
struct Residuals {
  at::Tensor residual;  // [m, N, K]
  at::Tensor share;     // [m, N] 1 - h_n
};

/// Fewer examples than dimensions: I - H = U diag(lambda / (s + lambda)) U', U a basis of the centred
/// vectors. All terms of 1 - h_n are positive: nothing cancels, however small lambda is.
Residuals dual_residuals(const at::Tensor& x, const at::Tensor& t, const at::Tensor& lambda) {
  const at::Tensor basis = centred_basis(x.size(0), x.options());
  const at::Tensor inner = at::mm(basis.t(), x);
  const auto [values, vectors] = eigenpairs(at::mm(inner, inner.t()));
  const at::Tensor u = at::mm(basis, vectors);
  const at::Tensor kept = lambda.unsqueeze(1) / (values + lambda.unsqueeze(1));  // [m, N - 1]
  return {at::matmul(u, kept.unsqueeze(2) * at::mm(u.t(), t)), at::mm(kept, u.square().t())};
}

/// H = 1/N + Z diag(1 / (s + lambda)) Z' with Z = x V.
Residuals primal_residuals(const at::Tensor& x, const at::Tensor& t, const at::Tensor& lambda) {
  const auto [values, vectors] = eigenpairs(at::mm(x.t(), x));
  const at::Tensor z = at::mm(x, vectors);
  const at::Tensor weight = (values + lambda.unsqueeze(1)).reciprocal();  // [m, D]
  const at::Tensor fitted = at::matmul(z, weight.unsqueeze(2) * at::mm(z.t(), t));
  const at::Tensor share = 1 - 1.0 / static_cast<double>(x.size(0)) - at::mm(weight, z.square().t());
  return {t - fitted, share.clamp_min(std::numeric_limits<double>::epsilon())};
}

at::Tensor checked_targets(const at::Tensor& labels, int64_t n, int64_t classes,
                           const at::TensorOptions& options) {
  const bool real = labels.defined() && labels.dim() == 2 && at::isFloatingType(labels.scalar_type());
  if (!real) {
    check_labels("ridge", labels, n, classes);
    return targets(labels.to(options.device()), classes, options);
  }
  check_features("ridge", labels);
  if (labels.size(0) != n || labels.size(1) != classes) {
    refuse("ridge", "targets [" + std::to_string(n) + ", " + std::to_string(classes) + "]", describe(labels));
  }
  return labels.to(options);
}

}  // namespace

RidgeSolution solve_ridge(const at::Tensor& features, const at::Tensor& labels, int64_t classes,
                          const std::vector<double>& lambda) {
  check_features("ridge", features);
  check_squares("ridge", features);
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

at::Tensor ridge_leave_one_out(const at::Tensor& features, const at::Tensor& labels, int64_t classes,
                               const std::vector<double>& lambda) {
  check_features("ridge", features);
  check_positive("ridge", "lambda", lambda);
  if (features.size(0) < 2) refuse("ridge", "two examples or more to leave one out", describe(features));
  const at::Tensor all = features.to(at::kDouble);
  const at::Tensor x = all - all.mean(0);
  const at::Tensor t = checked_targets(labels, x.size(0), classes, x.options());
  const at::Tensor centred = t - t.mean(0), lambdas = at::tensor(lambda, x.options());
  const Residuals found =
      x.size(0) <= x.size(1) ? dual_residuals(x, centred, lambdas) : primal_residuals(x, centred, lambdas);
  return t - found.residual / found.share.unsqueeze(2);
}

at::Tensor big_vision_ridge_scores(const at::Tensor& train, const at::Tensor& labels, int64_t classes,
                                   const at::Tensor& test, double lambda) {
  check_features("ridge", train);
  check_features("ridge", test);
  check_labels("ridge", labels, train.size(0), classes);
  check_positive("ridge", "lambda", {lambda});
  if (train.size(1) != test.size(1)) {
    refuse("ridge", "train and test of one width", describe(train) + " and " + describe(test));
  }
  const at::Tensor support = train.cpu().to(at::kDouble), mean = support.mean(0);
  const at::Tensor deviation = (support - mean).square().mean(0).sqrt() + 1e-5;
  const auto prepared = [&](const at::Tensor& features) {
    const at::Tensor x = (features.cpu().to(at::kDouble) - mean) / deviation;
    return at::cat({x, at::full({x.size(0), 1}, 100.0, x.options())}, 1).contiguous();
  };
  const at::Tensor x = prepared(support), t = targets(labels.cpu(), classes, x.options());
  // W' = (x'x + lambda)^-1 x't = x' (x x' + lambda)^-1 t: the smaller of the two.
  const bool dual = x.size(0) < x.size(1);
  at::Tensor gram = dual ? at::mm(x, x.t()) : at::mm(x.t(), x);
  gram.diagonal().add_(lambda);
  const at::Tensor right = (dual ? t : at::mm(x.t(), t)).contiguous();
  const int64_t n = gram.size(0);
  const Eigen::LLT<Eigen::MatrixXd> factor(Eigen::Map<const Matrix>(gram.const_data_ptr<double>(), n, n));
  if (factor.info() != Eigen::Success) {
    throw std::runtime_error("[ridge] expected a positive definite Gram matrix; got lambda lost in rounding");
  }
  at::Tensor solved = at::empty({n, classes}, x.options());
  Eigen::Map<Matrix>(solved.data_ptr<double>(), n, classes) =
      factor.solve(Eigen::Map<const Matrix>(right.const_data_ptr<double>(), n, classes));
  const at::Tensor weight = dual ? at::mm(x.t(), solved) : solved;
  return at::mm(prepared(test), weight).to(train.device());
}

}  // namespace repbench
