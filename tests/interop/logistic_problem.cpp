// Writes a random problem of 2,000 x 64 in 8 classes and our solutions, for
// tests/interop/sklearn_logistic.py.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "pretrain/tensors.h"
#include "protocols/solvers/logistic.h"

int main(int argc, char** argv) {
  using namespace repbench;
  if (argc != 2) return 2;
  const at::Generator generator = at::detail::createCPUGenerator(0);
  const at::Tensor means = at::randn({8, 64}, generator, at::kDouble);
  const at::Tensor labels = at::randint(0, 8, {2000}, generator, at::kLong);
  const at::Tensor features =
      0.3 * means.index_select(0, labels) + at::randn({2000, 64}, generator, at::kDouble);
  const LogisticProblem problem{features, labels, 8, {1e-3, 1e-1, 10.0}};
  const LogisticSolution solution = solve_logistic(problem, {.tolerance = 1e-10, .max_iterations = 10000});
  save_tensors(argv[1], {{"x", features},
                         {"y", labels},
                         {"C", at::tensor(problem.C, at::kDouble)},
                         {"coef", solution.weight},
                         {"intercept", solution.bias}});
  return 0;
}
