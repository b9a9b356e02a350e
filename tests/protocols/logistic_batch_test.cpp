#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>

#include "protocols/solvers/logistic.h"
#include "tests/files/error_message.h"
#include "tests/protocols/golden_solution.h"

namespace repbench {
namespace {

LogisticProblem draw(uint64_t seed, int64_t n, int64_t d, int64_t classes, std::vector<double> C,
                     at::ScalarType dtype = at::kDouble) {
  at::Generator generator = at::detail::createCPUGenerator(seed);
  const at::Tensor labels = at::arange(n, at::kLong).remainder(classes);
  const at::Tensor means = at::randn({classes, d}, generator, at::kDouble);
  const at::Tensor noise = at::randn({n, d}, generator, at::kDouble);
  return {(0.6 * means.index_select(0, labels) + noise + 0.2).to(dtype), labels, classes, std::move(C)};
}

/// What few-shot asks for: draws of several sizes, and some that share nothing with them.
std::vector<LogisticProblem> mixed() {
  std::vector<LogisticProblem> problems;
  for (uint64_t seed = 0; seed < 4; ++seed) {
    problems.push_back(draw(seed, 12, 20, 3, {1, 0.01, 100}));
    problems.push_back(draw(seed + 10, 60, 8, 3, {0.1}));
  }
  problems.push_back(draw(20, 12, 40, 3, {10, 1}));  // other width and number of C, the same span
  problems.push_back(draw(21, 12, 20, 3, {1}, at::kFloat));
  LogisticProblem absent = draw(22, 12, 20, 3, {1, 1, 5});
  absent.labels = absent.labels * 2;
  absent.classes = 6;
  problems.push_back(absent);
  return problems;
}

LogisticOptions tight() {
  LogisticOptions options;
  options.tolerance = 1e-9;
  options.gap = 1e-12;
  return options;
}

TEST(LogisticBatch, EqualsEachProblemAlone) {
  const std::vector<LogisticProblem> problems = mixed();
  const std::vector<LogisticSolution> together = solve_logistic(problems, tight());
  ASSERT_EQ(together.size(), problems.size());
  for (size_t i = 0; i < problems.size(); ++i) {
    const LogisticSolution alone = solve_logistic(problems[i], tight());
    EXPECT_EQ(together[i].weight.sizes(), alone.weight.sizes());
    EXPECT_LT(largest_difference(together[i].weight, alone.weight), 1e-5) << i;
    EXPECT_LT(largest_difference(together[i].bias, alone.bias), 1e-5) << i;
    for (size_t j = 0; j < problems[i].C.size(); ++j) {
      EXPECT_TRUE(together[i].converged[j]) << i << ", C " << problems[i].C[j];
      EXPECT_NEAR(together[i].objective[j] / alone.objective[j], 1, 1e-9);
    }
  }
}

TEST(LogisticBatch, ThreadsChangeNothing) {
  const std::vector<LogisticProblem> problems = mixed();
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const std::vector<LogisticSolution> one = solve_logistic(problems);
  at::set_num_threads(2);
  const std::vector<LogisticSolution> two = solve_logistic(problems);
  at::set_num_threads(before);
  for (size_t i = 0; i < problems.size(); ++i) {
    EXPECT_TRUE(at::equal(one[i].weight, two[i].weight)) << i;
  }
}

TEST(LogisticBatch, TwoRunsGiveTheSameBits) {
  const std::vector<LogisticProblem> problems = mixed();
  const std::vector<LogisticSolution> first = solve_logistic(problems), second = solve_logistic(problems);
  for (size_t i = 0; i < problems.size(); ++i) EXPECT_TRUE(at::equal(first[i].weight, second[i].weight)) << i;
}

TEST(LogisticBatch, NoProblemsHaveNoSolutions) {
  EXPECT_TRUE(solve_logistic(std::span<const LogisticProblem>()).empty());
}

TEST(LogisticBatch, OneBadProblemIsRefused) {
  std::vector<LogisticProblem> problems = mixed();
  problems[3].C = {-1};
  EXPECT_EQ(error_message<std::invalid_argument>([&] { solve_logistic(problems); }),
            "[logistic] expected C > 0 and finite; got -1");
}

}  // namespace
}  // namespace repbench
