#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "protocols/solvers/logistic.h"

namespace repbench {
namespace {

struct Case {
  std::string name;
  LogisticProblem problem;
};

std::vector<double> path() {
  std::vector<double> C;
  for (int i = -6; i <= 6; ++i) C.push_back(std::pow(10.0, i));
  return C;
}

LogisticProblem draw(uint64_t seed, int64_t n, int64_t d, int64_t classes, double distance) {
  at::Generator generator = at::detail::createCPUGenerator(seed);
  const at::Tensor labels = at::randint(0, classes, {n}, generator, at::kLong);
  const at::Tensor means = at::randn({classes, d}, generator, at::kDouble) * distance;
  return {means.index_select(0, labels) + at::randn({n, d}, generator, at::kDouble) + 0.5, labels, classes,
          path()};
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (uint64_t seed = 0; seed < 6; ++seed) {
    all.push_back({"overlapping", draw(seed, 80, 5, 3, 0.5)});
    all.push_back({"separable", draw(seed, 60, 8, 4, 6)});
    all.push_back({"wide", draw(seed, 20, 40, 3, 1)});
  }
  LogisticProblem columns = draw(7, 60, 6, 3, 1);
  columns.features.select(1, 2).fill_(3);                              // constant
  columns.features.select(1, 4).copy_(columns.features.select(1, 1));  // twice the same
  all.push_back({"constant and duplicate columns", columns});
  LogisticProblem rows = draw(8, 10, 20, 3, 1);
  rows.features[4].copy_(rows.features[3]);
  rows.features[6].copy_(rows.features[5]);
  all.push_back({"duplicate examples", rows});
  all.push_back({"nothing but a constant",
                 {at::ones({9, 3}, at::kDouble), at::arange(9, at::kLong).remainder(2), 2, path()}});
  all.push_back({"fewer examples than classes", draw(9, 4, 6, 12, 1)});
  LogisticProblem absent = draw(10, 50, 4, 3, 1);
  absent.classes = 7;
  all.push_back({"absent classes", absent});
  all.push_back({"one class alone", {at::ones({4, 3}, at::kDouble), at::ones({4}, at::kLong), 2, path()}});
  return all;
}

double objective(const LogisticProblem& problem, double C, const at::Tensor& weight, const at::Tensor& bias) {
  const at::Tensor scores = at::mm(problem.features.to(at::kDouble), weight.t()) + bias;
  const at::Tensor own = scores.gather(1, problem.labels.unsqueeze(1)).squeeze(1);
  return C * (at::logsumexp(scores, 1) - own).sum().item<double>() +
         0.5 * weight.square().sum().item<double>();
}

/// Solutions of every quality: their distance from a far better one is within the bound.
void expect_bounds(const Case& tested, const LogisticSolution& best, const LogisticOptions& options) {
  const LogisticProblem& problem = tested.problem;
  const LogisticSolution solution = solve_logistic(problem, options);
  for (size_t i = 0; i < problem.C.size(); ++i) {
    const int64_t row = static_cast<int64_t>(i);
    const double value = objective(problem, problem.C[i], solution.weight[row], solution.bias[row]);
    // A loss is a difference of numbers about as large as the scores.
    const double rounding = 1e-9 * value + 1e-14 * problem.C[i] * static_cast<double>(problem.labels.size(0));
    EXPECT_LE(value - best.objective[i], solution.gap_bound[i] + rounding)
        << tested.name << ", C " << problem.C[i];
    EXPECT_NEAR(value, solution.objective[i], rounding) << tested.name << ", C " << problem.C[i];
    EXPECT_LE(solution.gap_bound[i], solution.objective[i]) << tested.name;
    EXPECT_GE(solution.gap_bound[i], 0);
    if (solution.converged[i]) {
      EXPECT_LE(solution.gap_bound[i], options.gap * solution.objective[i]);
    }
  }
}

TEST(LogisticCertificate, BoundsTheDistanceFromTheOptimum) {
  LogisticOptions long_run;
  long_run.tolerance = 1e-12;
  long_run.gap = 1e-12;
  long_run.max_iterations = 20000;
  for (const Case& tested : cases()) {
    const LogisticSolution best = solve_logistic(tested.problem, long_run);
    for (const double gap : {1.0, 1e-2, 1e-6}) {
      LogisticOptions options;
      options.tolerance = 1;
      options.gap = gap;
      expect_bounds(tested, best, options);
    }
    LogisticOptions hasty;
    hasty.max_iterations = 3;
    expect_bounds(tested, best, hasty);
  }
}

TEST(LogisticCertificate, EveryCOfEveryProblemIsCertifiedByDefault) {
  for (const Case& tested : cases()) {
    for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
      LogisticProblem problem = tested.problem;
      problem.features = problem.features.to(dtype);
      const LogisticSolution solution = solve_logistic(problem);
      for (size_t i = 0; i < problem.C.size(); ++i) {
        EXPECT_TRUE(solution.converged[i]) << tested.name << ", C " << problem.C[i];
        EXPECT_LE(solution.gap_bound[i], 1e-4 * solution.objective[i])
            << tested.name << ", C " << problem.C[i];
      }
    }
  }
}

}  // namespace
}  // namespace repbench
