#include "protocols/solvers/logistic.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "protocols/solvers/checks.h"
#include "protocols/solvers/lbfgs.h"
#include "protocols/solvers/logistic_certificate.h"
#include "protocols/solvers/logistic_objective.h"
#include "protocols/solvers/logistic_stack.h"

namespace repbench {
namespace {

constexpr double kAbsentBias = -1e30;  // fits float32 too
constexpr int64_t kColumns = 64;       // matrix products run well from about this width

void check(const LogisticProblem& problem, const LogisticOptions& options) {
  check_features("logistic", problem.features);
  check_squares("logistic", problem.features);
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

/// What is known of each member of a band, as it goes from one minimisation to the next.
struct Band {
  std::vector<LogisticMember> members;
  at::Tensor point;  // [m, P]
  std::vector<double> value, norm, gap;
  std::vector<int64_t> iterations;
  std::vector<bool> converged;
};

/// One go at some members of the band, certified. Returns those that want another: they got where this go's
/// limits sent them, or as far as float32 took them, and that was not far enough.
std::vector<int64_t> advance(const LogisticStack& stack, const at::Tensor& rows,
                             const std::vector<int64_t>& some, double share, const LogisticOptions& options,
                             Band& band) {
  std::vector<LogisticMember> members;
  LbfgsOptions limits{
      share * options.tolerance, share * options.gap, options.max_iterations, options.history, {}};
  for (const int64_t i : some) {
    members.push_back(band.members[i]);
    limits.spent.push_back(band.iterations[i]);
  }
  LogisticObjective objective(stack, rows, members);
  const at::Tensor index = at::tensor(some, at::kLong).to(band.point.device());
  const Minimum minimum = minimise(objective, band.point.index_select(0, index), limits);
  const bool rounded = rows.scalar_type() == at::kFloat;
  std::vector<int64_t> again;
  for (size_t j = 0; j < some.size(); ++j) {
    const int64_t i = some[j];
    const at::Tensor found = minimum.point[static_cast<int64_t>(j)].view({stack.classes, -1});
    const LogisticCertificate certificate = certify(stack, members[j], found);
    band.point[i].copy_(certificate.point.view({-1}));
    band.value[i] = certificate.value;
    band.norm[i] = certificate.norm;
    band.gap[i] = certificate.gap;
    band.iterations[i] = minimum.iterations[j];
    band.converged[i] =
        certificate.norm <= options.tolerance && certificate.gap <= options.gap * certificate.value;
    const bool may = band.iterations[i] < options.max_iterations && (rounded || minimum.converged[j]);
    if (!band.converged[i] && may) again.push_back(i);
  }
  return again;
}

void solve_band(const LogisticStack& stack, const LogisticOptions& options, Band& band) {
  const size_t m = band.members.size();
  band.value.resize(m);
  band.norm.resize(m);
  band.gap.resize(m);
  band.iterations.assign(m, 0);
  band.converged.assign(m, false);
  std::vector<int64_t> open(m);
  std::iota(open.begin(), open.end(), 0);
  // A little further than asked, so that float64 mostly just confirms.
  if (stack.float_rows.defined()) open = advance(stack, stack.float_rows, open, 0.5, options, band);
  for (double share = 0.5; !open.empty() && share > 1e-3; share /= 5) {
    open = advance(stack, stack.rows, open, share, options, band);
  }
}

/// The solutions of one problem: rows as its ascending C.
struct Solved {
  std::vector<at::Tensor> point;
  std::vector<double> value, norm, gap;
  std::vector<int64_t> iterations;
  std::vector<bool> converged;
};

/// The members of the next few C of each problem, started from where the problem's path points.
Band next_band(const LogisticStack& stack, size_t begin, size_t width, const std::vector<Path>& paths) {
  Band band;
  std::vector<at::Tensor> start;
  for (int64_t p = 0; p < stack.problems(); ++p) {
    const std::vector<double>& C = stack.C[p];
    for (size_t i = begin; i < std::min(begin + width, C.size()); ++i) {
      band.members.push_back({p, C[i]});
      start.push_back(paths[p].empty() ? at::zeros({stack.parameters()}, stack.rows.options())
                                       : paths[p].guess(C[i]));
    }
  }
  if (!start.empty()) band.point = at::stack(start);
  return band;
}

std::vector<Solved> solve(const LogisticStack& stack, const LogisticOptions& options) {
  const auto width =
      static_cast<size_t>(std::max<int64_t>(2, (kColumns + stack.classes - 1) / stack.classes));
  std::vector<Path> paths(stack.C.size());
  std::vector<Solved> all(stack.C.size());
  for (size_t begin = 0;; begin += width) {
    Band band = next_band(stack, begin, width, paths);
    if (band.members.empty()) return all;
    solve_band(stack, options, band);
    for (size_t i = 0; i < band.members.size(); ++i) {
      const auto [problem, C] = band.members[i];
      Solved& solved = all[problem];
      solved.point.push_back(band.point[static_cast<int64_t>(i)]);
      solved.value.push_back(band.value[i]);
      solved.norm.push_back(band.norm[i]);
      solved.gap.push_back(band.gap[i]);
      solved.iterations.push_back(band.iterations[i]);
      solved.converged.push_back(band.converged[i]);
      paths[problem].add(C, solved.point.back());
    }
  }
}

LogisticSolution report(const LogisticProblem& problem, const LogisticStack& stack, size_t place,
                        const Solved& solved) {
  const int64_t m = static_cast<int64_t>(problem.C.size()), d = problem.features.size(1);
  const at::TensorOptions options = stack.rows.options();
  const std::vector<double>& C = stack.C[place];
  LogisticSolution solution;
  solution.weight = at::zeros({m, problem.classes, d}, options);
  solution.bias = at::full({m, problem.classes}, kAbsentBias, options);
  for (int64_t i = 0; i < m; ++i) {
    const auto row = std::lower_bound(C.begin(), C.end(), problem.C[i]) - C.begin();
    const at::Tensor parameters = solved.point[row].view({1, stack.classes, -1});
    const at::Tensor bias = stack.rotations[place].bias(parameters)[0];
    solution.weight[i].index_copy_(0, stack.present[place], stack.rotations[place].weight(parameters)[0]);
    solution.bias[i].index_copy_(0, stack.present[place], bias - bias.mean());
    const double scale = problem.C[i] * static_cast<double>(problem.features.size(0));
    solution.objective.push_back(solved.value[row] * scale);
    solution.gap_bound.push_back(solved.gap[row] * scale);
    solution.gradient_norm.push_back(solved.norm[row]);
    solution.iterations.push_back(solved.iterations[row]);
    solution.converged.push_back(solved.converged[row]);
  }
  return solution;
}

}  // namespace

std::vector<LogisticSolution> solve_logistic(std::span<const LogisticProblem> problems,
                                             const LogisticOptions& options) {
  for (const LogisticProblem& problem : problems) check(problem, options);
  std::vector<LogisticSolution> solutions(problems.size());
  const std::vector<std::vector<int64_t>> stacks = problems_of_one_shape(problems, options.history);
  const auto solve_one = [&](const std::vector<int64_t>& chosen) {
    const LogisticStack stack = stack_problems(problems, chosen);
    const std::vector<Solved> solved = solve(stack, options);
    for (size_t place = 0; place < chosen.size(); ++place) {
      solutions[chosen[place]] = report(problems[chosen[place]], stack, place, solved[place]);
    }
  };
  const bool on_cpu = std::all_of(problems.begin(), problems.end(),
                                  [](const LogisticProblem& problem) { return problem.features.is_cpu(); });
  const int64_t threads = std::min<int64_t>(at::get_num_threads(), static_cast<int64_t>(stacks.size()));
  if (!on_cpu || threads < 2) {
    for (const std::vector<int64_t>& chosen : stacks) solve_one(chosen);
    return solutions;
  }
  // A thread for each stack beats all threads in each product: nobody waits for anybody.
  std::atomic<size_t> next{0};
  at::parallel_for(0, threads, 1, [&](int64_t, int64_t) {
    for (size_t i = next++; i < stacks.size(); i = next++) solve_one(stacks[i]);
  });
  return solutions;
}

LogisticSolution solve_logistic(const LogisticProblem& problem, const LogisticOptions& options) {
  return std::move(solve_logistic(std::span(&problem, 1), options).front());
}

at::Tensor logistic_scores(const LogisticSolution& solution, const at::Tensor& features) {
  const at::Tensor &w = solution.weight, x = features.to(at::kDouble);
  return at::baddbmm(solution.bias.unsqueeze(1), x.expand({w.size(0), x.size(0), x.size(1)}),
                     w.transpose(1, 2));
}

}  // namespace repbench
