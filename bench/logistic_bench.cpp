#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>

#include "pretrain/tensors.h"
#include "protocols/solvers/logistic.h"

namespace repbench {
namespace {

/// A mean a class and noise, scaled to length 10: 5000 x 768, 100 classes.
LogisticProblem make_problem() {
  const at::Generator generator = at::detail::createCPUGenerator(0);
  const at::Tensor means = at::randn({100, 768}, generator, at::kFloat);
  const at::Tensor labels = at::randint(0, 100, {5000}, generator, at::kLong);
  const at::Tensor raw = 0.22 * means.index_select(0, labels) + at::randn({5000, 768}, generator, at::kFloat);
  LogisticProblem problem{10.0 * raw / raw.norm(2, {1}, true), labels, 100, {}};
  for (int i = 0; i < 13; ++i) problem.C.push_back(std::pow(10.0, -4.0 + 0.5 * i));
  return problem;
}

// Speed counts only at equal quality: every objective must come within 1e-4 of a solution at a far tighter
// tolerance.
void logistic_path(benchmark::State& state) {
  const LogisticProblem problem = make_problem();
  if (const char* file = std::getenv("REPBENCH_BENCH_LOGISTIC_DATA")) {
    save_tensors(file, {{"x", problem.features}, {"y", problem.labels}});  // for the peer
  }
  const LogisticSolution best = solve_logistic(problem, {.tolerance = 1e-9});
  const LogisticSolution timed = solve_logistic(problem, {});
  double gap = 0;
  for (size_t i = 0; i < problem.C.size(); ++i)
    gap = std::max(gap, timed.objective[i] / best.objective[i] - 1.0);
  if (gap > 1e-4) {
    state.SkipWithError("an objective is more than 1e-4 above the optimum");
    return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(solve_logistic(problem, {}));
  state.counters["largest_gap"] = gap;
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(logistic_path)->Name("logistic/5000x768_100_classes/13_C")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace repbench
