#include "protocols/solvers/logistic_objective.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace repbench {
namespace {

constexpr int64_t kCurvatureStride = 4;     // the preconditioner looks at each fourth example
constexpr int64_t kBatchNumbers = 1 << 20;  // scores in one batched product

std::vector<double> to_vector(const at::Tensor& values) {
  const at::Tensor host = values.to(at::kCPU, at::kDouble).contiguous();
  return {host.const_data_ptr<double>(), host.const_data_ptr<double>() + host.numel()};
}

/// [p, a, b] x [p, b, c]; a single product is faster as one.
at::Tensor product(const at::Tensor& a, const at::Tensor& b) {
  return a.size(0) == 1 ? at::mm(a[0], b[0]).unsqueeze(0) : at::bmm(a, b);
}

}  // namespace

LogisticObjective::LogisticObjective(const LogisticStack& stack, at::Tensor rows,
                                     std::vector<LogisticMember> members)
    : stack_(stack),
      rows_(std::move(rows)),
      members_(std::move(members)),
      reach_(stack.variance.amax(1).sqrt()) {}

double LogisticObjective::noise() const { return rows_.scalar_type() == at::kFloat ? 1e-7 : 1e-14; }

at::Tensor LogisticObjective::penalties(const Members& members) const {
  std::vector<double> penalty;
  for (const int64_t member : members)
    penalty.push_back(1 / (members_[member].C * static_cast<double>(stack_.examples())));
  return at::tensor(penalty, at::kDouble).view({-1, 1, 1}).to(rows_.device());
}

at::Tensor LogisticObjective::problems(const Members& members) const {
  std::vector<int64_t> problem;
  for (const int64_t member : members) problem.push_back(members_[member].problem);
  return at::tensor(problem, at::kLong).to(rows_.device());
}

std::vector<LogisticObjective::Run> LogisticObjective::runs(const Members& members) const {
  std::vector<Run> result;
  for (size_t begin = 0, end = 0; begin < members.size(); begin = end) {
    const int64_t problem = members_[members[begin]].problem;
    while (end < members.size() && members_[members[end]].problem == problem) ++end;
    const int64_t each = static_cast<int64_t>(end - begin);
    const int64_t most = kBatchNumbers / (each * stack_.classes * stack_.examples());
    const bool joins = !result.empty() && result.back().each == each && result.back().problems < most &&
                       result.back().problem + result.back().problems == problem;
    if (joins) {
      ++result.back().problems;
    } else {
      result.push_back({problem, 1, static_cast<int64_t>(begin), each});
    }
  }
  return result;
}

/// Probabilities minus one-hot labels [p, rows, each, K]; the probabilities' p (1 - p) go to curvature_ the
/// first time, and the log likelihoods are taken off `loss` [p, each].
at::Tensor LogisticObjective::residual(const at::Tensor& scores, const at::Tensor& labels, at::Tensor& loss,
                                       bool first, int64_t row) {
  at::Tensor result = at::log_softmax(scores, 3);
  const at::Tensor index = labels.expand({scores.size(0), scores.size(1), scores.size(2), 1});
  loss.sub_(result.gather(3, index).sum(at::IntArrayRef{1, 3}));
  result.exp_();
  if (first) {
    const at::Tensor some = result.slice(1, 0, result.size(1), kCurvatureStride);
    curvature_.narrow(0, row, loss.numel()).add_((some - some.square()).sum(1).flatten(0, 1));
  }
  return result.scatter_add_(3, index, at::full({1, 1, 1, 1}, -1.0, loss.options()).expand(index.sizes()));
}

/// Exact for equal probabilities, where the Hessian over classes is 1/K on the sum-zero subspace.
void LogisticObjective::finish_curvature() {
  const double k = static_cast<double>(std::max<int64_t>(stack_.classes, 2));
  const double seen = static_cast<double>(stack_.examples()) / kCurvatureStride;
  curvature_.mul_(k / ((k - 1) * seen)).clamp_min_(1e-12);
}

/// One run's share of the gradients [p, each K, r + 1] and losses [p, each]; weights alike.
void LogisticObjective::add(const Run& run, const at::Tensor& weights, at::Tensor gradient, at::Tensor loss,
                            bool first) {
  const int64_t n = stack_.examples(), width = weights.size(1);
  const at::Tensor x = rows_.narrow(0, run.problem, run.problems);
  const at::Tensor labels = stack_.labels.narrow(0, run.problem, run.problems).unsqueeze(2).unsqueeze(3);
  const int64_t block = run.problems > 1 ? n : rows_per_block(width);
  for (int64_t begin = 0; begin < n; begin += block) {
    const int64_t count = std::min(block, n - begin);
    const at::Tensor some = x.narrow(1, begin, count);
    const at::Tensor scores = product(some, weights.transpose(1, 2))
                                  .to(at::kDouble)
                                  .view({run.problems, count, run.each, stack_.classes});
    const at::Tensor r = residual(scores, labels.narrow(1, begin, count), loss, first, run.row);
    gradient.add_(
        product(r.view({run.problems, count, width}).to(rows_.scalar_type()).transpose(1, 2), some));
  }
}

BatchObjective::Evaluation LogisticObjective::evaluate(const at::Tensor& points, const Members& members) {
  const int64_t a = points.size(0), k = stack_.classes;
  const bool first = !curvature_.defined();
  if (first) curvature_ = at::zeros({a, k}, points.options());
  const at::Tensor weights = matrix(points).to(rows_.scalar_type());
  at::Tensor gradient = at::zeros_like(points), loss = at::zeros({a}, points.options());
  for (const Run& run : runs(members)) {
    const int64_t rows = run.problems * run.each;
    add(run, weights.narrow(0, run.row, rows).reshape({run.problems, run.each * k, -1}),
        gradient.narrow(0, run.row, rows).view({run.problems, run.each * k, -1}),
        loss.narrow(0, run.row, rows).view({run.problems, run.each}), first);
  }
  if (first) finish_curvature();
  gradient.div_(stack_.examples());
  const at::Tensor penalty = penalties(members);
  const at::Tensor w = matrix(points).narrow(2, 0, rows_.size(2) - 1);
  matrix(gradient).narrow(2, 0, w.size(2)).add_(w * penalty);
  const at::Tensor ridge = w.square().sum(at::IntArrayRef{1, 2}) * penalty.view({a}) * 0.5;
  return {to_vector(loss / stack_.examples() + ridge), gradient};
}

at::Tensor LogisticObjective::precondition(const at::Tensor& vectors, const Members& members) const {
  const at::Tensor index = at::tensor(members, at::kLong).to(vectors.device());
  const at::Tensor curvature = curvature_.index_select(0, index).unsqueeze(2);
  const at::Tensor variance = stack_.variance.index_select(0, problems(members)).unsqueeze(1);
  const at::Tensor v = matrix(vectors);
  const int64_t r = v.size(2) - 1;
  at::Tensor result = at::empty_like(v);
  at::Tensor weight = result.narrow(2, 0, r), bias = result.narrow(2, r, 1);
  at::div_out(weight, v.narrow(2, 0, r), at::baddbmm(penalties(members), curvature, variance));
  at::div_out(bias, v.narrow(2, r, 1), curvature);
  // Softmax does not see what all classes share, and the optimum shares nothing.
  result.sub_(result.mean(1, true));
  return result.view(vectors.sizes());
}

std::vector<double> LogisticObjective::norm(const at::Tensor& gradients, const Members& members) const {
  const at::Tensor g = matrix(gradients);
  std::vector<double> result;
  for (size_t i = 0; i < members.size(); ++i) {
    const RotatedFeatures& rotation = stack_.rotations[members_[members[i]].problem];
    const at::Tensor one = g.narrow(0, static_cast<int64_t>(i), 1);
    result.push_back(std::max(rotation.weight_gradient(one).abs().max().item<double>(),
                              one.select(2, g.size(2) - 1).abs().max().item<double>()));
  }
  return result;
}

std::vector<double> LogisticObjective::norm_at_least(const at::Tensor& gradients,
                                                     const Members& members) const {
  // In the features' own coordinates a row has the length of g_W + g_b mean', and D numbers.
  std::vector<double> mean, root;
  for (const int64_t member : members) {
    const RotatedFeatures& rotation = stack_.rotations[members_[member].problem];
    mean.push_back(rotation.mean_norm);
    root.push_back(1 / std::sqrt(static_cast<double>(rotation.mean.size(0))));
  }
  const auto column = [&](const std::vector<double>& values) {
    return at::tensor(values, at::kDouble).unsqueeze(1).to(gradients.device());
  };
  const at::Tensor g = matrix(gradients);
  const int64_t r = g.size(2) - 1;
  const at::Tensor bias = g.select(2, r).abs();
  const at::Tensor row = (g.narrow(2, 0, r).norm(2, {2}) - bias * column(mean)) * column(root);
  return to_vector(at::maximum(row, bias).amax(1));
}

/// As the certificate has it (logistic_certificate.h), but for the best intercepts: the step there would
/// change the weights' gradient by no more than the root of the largest variance times theirs.
std::vector<double> LogisticObjective::gap(const at::Tensor& gradients, const Members& members) const {
  const at::Tensor g = matrix(gradients);
  const int64_t r = g.size(2) - 1;
  const at::Tensor weight = g.narrow(2, 0, r).norm(2, {1, 2}), bias = g.select(2, r).norm(2, {1});
  const at::Tensor whole = weight + bias * reach_.index_select(0, problems(members));
  return to_vector(whole.square() / (2 * penalties(members).view({-1})));
}

}  // namespace repbench
