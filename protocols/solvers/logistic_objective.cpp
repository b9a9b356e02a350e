#include "protocols/solvers/logistic_objective.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace repbench {
namespace {

constexpr int64_t kCurvatureStride = 4;  // the preconditioner looks at each fourth example

std::vector<double> to_vector(const at::Tensor& values) {
  const at::Tensor host = values.to(at::kCPU, at::kDouble).contiguous();
  return {host.const_data_ptr<double>(), host.const_data_ptr<double>() + host.numel()};
}

}  // namespace

LogisticObjective::LogisticObjective(const RotatedFeatures& features, at::Tensor rows, at::Tensor labels,
                                     int64_t classes, std::vector<double> C)
    : features_(features),
      rows_(std::move(rows)),
      labels_(labels.view({-1, 1, 1})),
      classes_(classes),
      C_(std::move(C)) {}

double LogisticObjective::noise() const { return rows_.scalar_type() == at::kFloat ? 1e-7 : 1e-14; }

at::Tensor LogisticObjective::penalties(const Members& members) const {
  std::vector<double> penalty;
  for (const int64_t member : members)
    penalty.push_back(1 / (C_[member] * static_cast<double>(rows_.size(0))));
  return at::tensor(penalty, at::kDouble).view({-1, 1, 1}).to(rows_.device());
}

/// Probabilities minus one-hot labels [rows, a, K]; the probabilities' p (1 - p) go to curvature_ the first
/// time, and the log likelihoods are taken off `loss` [a].
at::Tensor LogisticObjective::residual(const at::Tensor& scores, const at::Tensor& labels, at::Tensor& loss,
                                       bool first) {
  at::Tensor result = at::log_softmax(scores, 2);
  const at::Tensor index = labels.expand({scores.size(0), scores.size(1), 1});
  loss.sub_(result.gather(2, index).sum(at::IntArrayRef{0, 2}));
  result.exp_();
  if (first) {
    const at::Tensor some = result.slice(0, 0, result.size(0), kCurvatureStride);
    curvature_.add_((some - some.square()).sum(0));
  }
  return result.scatter_add_(2, index, at::full({1, 1, 1}, -1.0, loss.options()).expand(index.sizes()));
}

/// Exact for equal probabilities, where the Hessian over classes is 1/K on the sum-zero subspace.
void LogisticObjective::finish_curvature() {
  const double k = static_cast<double>(std::max<int64_t>(classes_, 2));
  const double seen = static_cast<double>(rows_.size(0)) / kCurvatureStride;
  curvature_.mul_(k / ((k - 1) * seen)).clamp_min_(1e-12);
}

BatchObjective::Evaluation LogisticObjective::evaluate(const at::Tensor& points, const Members& members) {
  const int64_t n = rows_.size(0), a = points.size(0), width = a * classes_;
  const bool first = !curvature_.defined();
  if (first) curvature_ = at::zeros({a, classes_}, points.options());
  const at::Tensor weights = points.reshape({width, -1}).to(rows_.scalar_type()).t();
  at::Tensor gradient = at::zeros({width, rows_.size(1)}, points.options());
  at::Tensor loss = at::zeros({a}, points.options());
  const int64_t block = rows_per_block(width);
  for (int64_t begin = 0; begin < n; begin += block) {
    const int64_t count = std::min(block, n - begin);
    const at::Tensor x = rows_.narrow(0, begin, count);
    const at::Tensor scores = at::mm(x, weights).to(at::kDouble).view({count, a, classes_});
    const at::Tensor r = residual(scores, labels_.narrow(0, begin, count), loss, first);
    gradient.add_(at::mm(r.view({count, width}).to(rows_.scalar_type()).t(), x));
  }
  if (first) finish_curvature();
  gradient = gradient.div_(n).view({a, -1});
  const at::Tensor penalty = penalties(members);
  const at::Tensor w = matrix(points).narrow(2, 0, rows_.size(1) - 1);
  matrix(gradient).narrow(2, 0, w.size(2)).add_(w * penalty);
  const at::Tensor ridge = w.square().sum(at::IntArrayRef{1, 2}) * penalty.view({a}) * 0.5;
  return {to_vector(loss / n + ridge), gradient};
}

at::Tensor LogisticObjective::precondition(const at::Tensor& vectors, const Members& members) const {
  const at::Tensor index = at::tensor(members, at::kLong).to(vectors.device());
  const at::Tensor curvature = curvature_.index_select(0, index).unsqueeze(2);
  const at::Tensor v = matrix(vectors);
  const int64_t r = v.size(2) - 1;
  at::Tensor result = at::empty_like(v);
  at::Tensor weight = result.narrow(2, 0, r), bias = result.narrow(2, r, 1);
  at::div_out(weight, v.narrow(2, 0, r), curvature * features_.variance + penalties(members));
  at::div_out(bias, v.narrow(2, r, 1), curvature);
  // Softmax does not see what all classes share, and the optimum shares nothing.
  result.sub_(result.mean(1, true));
  return result.view(vectors.sizes());
}

std::vector<double> LogisticObjective::norm(const at::Tensor& gradients) const {
  const at::Tensor g = matrix(gradients);
  const at::Tensor weight = features_.weight_gradient(g).abs().amax({1, 2});
  return to_vector(at::maximum(weight, g.select(2, g.size(2) - 1).abs().amax(1)));
}

std::vector<double> LogisticObjective::norm_at_least(const at::Tensor& gradients) const {
  // In the features' own coordinates a row has the length of g_W + g_b mean', and D numbers.
  const at::Tensor g = matrix(gradients);
  const int64_t r = g.size(2) - 1;
  const at::Tensor bias = g.select(2, r).abs();
  const double mean = features_.mean.norm().item<double>(), root = std::sqrt(features_.mean.size(0));
  const at::Tensor row = (g.narrow(2, 0, r).norm(2, {2}) - bias * mean) / root;
  return to_vector(at::maximum(row, bias).amax(1));
}

}  // namespace repbench
