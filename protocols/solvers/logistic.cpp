#include "protocols/solvers/logistic.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "protocols/solvers/checks.h"
#include "protocols/solvers/logistic_objective.h"
#include "protocols/solvers/rotated_features.h"

namespace repbench {
namespace {

constexpr double kAbsentBias = -1e30;  // fits float32 too
constexpr int64_t kColumns = 64;       // matrix products run well from about this width

void check(const LogisticProblem& problem, const LogisticOptions& options) {
  check_features("logistic", problem.features);
  check_labels("logistic", problem.labels, problem.features.size(0), problem.classes);
  check_positive("logistic", "C", problem.C);
  if (!(options.tolerance >= 0 && options.gap >= 0)) refuse("logistic", "tolerance and gap >= 0", "less");
  if (options.max_iterations < 0)
    refuse("logistic", "max_iterations >= 0", std::to_string(options.max_iterations));
  if (options.history < 1) refuse("logistic", "history >= 1", std::to_string(options.history));
}

/// The last solved values of C, strongest penalty first, and what they say about the next solution.
class Path {
 public:
  void add(double C, const at::Tensor& point) {
    solved_.push_back({std::log(C), point});
    if (solved_.size() > 3) solved_.erase(solved_.begin());
  }

  bool empty() const { return solved_.empty(); }

  /// The polynomial in log C through the last three solutions, or fewer where it would swing too far.
  at::Tensor guess(double C) const {
    for (size_t first = 0;; ++first) {
      const std::vector<double> weight = lagrange(first, std::log(C));
      double swing = 0;
      for (const double w : weight) swing += std::abs(w);
      if (swing > 10 && first + 1 < solved_.size()) continue;
      at::Tensor result = at::zeros_like(solved_.back().point);
      for (size_t i = first; i < solved_.size(); ++i) result.add_(solved_[i].point, weight[i - first]);
      return result;
    }
  }

 private:
  struct Solved {
    double log_C;
    at::Tensor point;
  };

  std::vector<double> lagrange(size_t first, double log_C) const {
    std::vector<double> weights;
    for (size_t i = first; i < solved_.size(); ++i) {
      double weight = 1;
      for (size_t j = first; j < solved_.size(); ++j) {
        if (j != i) weight *= (log_C - solved_[j].log_C) / (solved_[i].log_C - solved_[j].log_C);
      }
      weights.push_back(weight);
    }
    return weights;
  }

  std::vector<Solved> solved_;
};

/// The problem without absent classes and with ascending, distinct C.
struct Sweep {
  RotatedFeatures features;
  at::Tensor float_rows;  // defined for float32 features
  at::Tensor labels;
  int64_t classes;
  std::vector<double> C;
};

Minimum solve_band(const Sweep& sweep, const std::vector<double>& C, const at::Tensor& start,
                   const LogisticOptions& options) {
  LbfgsOptions limits{options.tolerance, options.gap, options.max_iterations, options.history, {}};
  at::Tensor point = start;
  if (sweep.float_rows.defined()) {
    // A little further than asked, so that float64 mostly just confirms.
    limits.tolerance *= 0.7;
    limits.gap *= 0.5;
    LogisticObjective fast(sweep.features, sweep.float_rows, sweep.labels, sweep.classes, C);
    const Minimum near = minimise(fast, start, limits);
    limits = {options.tolerance, options.gap, options.max_iterations, options.history, near.iterations};
    point = near.point;
  }
  LogisticObjective exact(sweep.features, sweep.features.rows, sweep.labels, sweep.classes, C);
  return minimise(exact, point, limits);
}

void append(Minimum& all, Minimum&& some) {
  all.point = all.point.defined() ? at::cat({all.point, some.point}) : some.point;
  all.value.insert(all.value.end(), some.value.begin(), some.value.end());
  all.norm.insert(all.norm.end(), some.norm.begin(), some.norm.end());
  all.iterations.insert(all.iterations.end(), some.iterations.begin(), some.iterations.end());
  all.converged.insert(all.converged.end(), some.converged.begin(), some.converged.end());
}

Minimum solve(const Sweep& sweep, const LogisticOptions& options) {
  const int64_t size = sweep.classes * sweep.features.rows.size(1);
  const size_t band =
      static_cast<size_t>(std::max<int64_t>(2, (kColumns + sweep.classes - 1) / sweep.classes));
  Path path;
  Minimum all;
  for (size_t begin = 0; begin < sweep.C.size(); begin += band) {
    const std::vector<double> C(sweep.C.begin() + begin,
                                sweep.C.begin() + std::min(begin + band, sweep.C.size()));
    at::Tensor start = at::zeros({static_cast<int64_t>(C.size()), size}, sweep.features.rows.options());
    for (size_t i = 0; i < C.size() && !path.empty(); ++i) start[i].copy_(path.guess(C[i]));
    Minimum some = solve_band(sweep, C, start, options);
    for (size_t i = 0; i < C.size(); ++i) path.add(C[i], some.point[i]);
    append(all, std::move(some));
  }
  return all;
}

LogisticSolution report(const LogisticProblem& problem, const Sweep& sweep, const at::Tensor& present,
                        const Minimum& minimum) {
  const int64_t m = static_cast<int64_t>(problem.C.size()), d = problem.features.size(1);
  const at::TensorOptions options = sweep.features.rows.options();
  LogisticSolution solution;
  solution.weight = at::zeros({m, problem.classes, d}, options);
  solution.bias = at::full({m, problem.classes}, kAbsentBias, options);
  for (int64_t i = 0; i < m; ++i) {
    const auto row = std::lower_bound(sweep.C.begin(), sweep.C.end(), problem.C[i]) - sweep.C.begin();
    const at::Tensor parameters = minimum.point[row].view({1, sweep.classes, -1});
    const at::Tensor bias = sweep.features.bias(parameters)[0];
    solution.weight[i].index_copy_(0, present, sweep.features.weight(parameters)[0]);
    solution.bias[i].index_copy_(0, present, bias - bias.mean());
    solution.objective.push_back(minimum.value[row] * problem.C[i] *
                                 static_cast<double>(problem.features.size(0)));
    solution.gradient_norm.push_back(minimum.norm[row]);
    solution.iterations.push_back(minimum.iterations[row]);
    solution.converged.push_back(minimum.converged[row]);
  }
  return solution;
}

}  // namespace

LogisticSolution solve_logistic(const LogisticProblem& problem, const LogisticOptions& options) {
  check(problem, options);
  const at::Tensor x = problem.features.contiguous();
  const at::Tensor labels = problem.labels.to(x.device());
  const at::Tensor present = at::bincount(labels, {}, problem.classes).nonzero().squeeze(1);
  Sweep sweep{rotate_features(x), {}, at::bucketize(labels, present), present.size(0), problem.C};
  if (x.scalar_type() == at::kFloat) sweep.float_rows = sweep.features.rows.to(at::kFloat);
  std::sort(sweep.C.begin(), sweep.C.end());
  sweep.C.erase(std::unique(sweep.C.begin(), sweep.C.end()), sweep.C.end());
  return report(problem, sweep, present, solve(sweep, options));
}

at::Tensor logistic_scores(const LogisticSolution& solution, const at::Tensor& features) {
  const at::Tensor &w = solution.weight, x = features.to(at::kDouble);
  return at::baddbmm(solution.bias.unsqueeze(1), x.expand({w.size(0), x.size(0), x.size(1)}),
                     w.transpose(1, 2));
}

}  // namespace repbench
