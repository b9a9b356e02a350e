#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "pretrain/tensors.h"
#include "protocols/solvers/logistic.h"

namespace repbench {
namespace {

constexpr int64_t kClasses = 100, kWidth = 768;

/// C from 10^from, `count` steps of 10^step.
std::vector<double> powers(double from, double step, int count) {
  std::vector<double> C;
  for (int i = 0; i < count; ++i) C.push_back(std::pow(10.0, from + step * i));
  return C;
}

/// A mean a class and noise, scaled to length 10: 5000 x 768, 100 classes.
LogisticProblem make_problem(std::vector<double> C) {
  const at::Generator generator = at::detail::createCPUGenerator(0);
  const at::Tensor means = at::randn({100, 768}, generator, at::kFloat);
  const at::Tensor labels = at::randint(0, 100, {5000}, generator, at::kLong);
  const at::Tensor raw = 0.22 * means.index_select(0, labels) + at::randn({5000, 768}, generator, at::kFloat);
  return {10.0 * raw / raw.norm(2, {1}, true), labels, kClasses, std::move(C)};
}

/// Few-shot: 5 draws of 1, 2, 4, 8 and 16 examples of 100 classes, standardised.
std::vector<LogisticProblem> make_few_shot(const std::vector<double>& C) {
  const at::Generator generator = at::detail::createCPUGenerator(1);
  const at::Tensor means = at::randn({kClasses, kWidth}, generator, at::kFloat);
  std::vector<LogisticProblem> problems;
  for (int seed = 0; seed < 5; ++seed) {
    for (const int64_t shots : {1, 2, 4, 8, 16}) {
      const at::Tensor labels = at::arange(kClasses, at::kLong).repeat_interleave(shots);
      const at::Tensor x =
          0.22 * means.index_select(0, labels) + at::randn({kClasses * shots, kWidth}, generator, at::kFloat);
      const at::Tensor centred = x - x.mean(0);
      problems.push_back({centred / (centred.square().mean(0).sqrt() + 1e-6), labels, kClasses, C});
    }
  }
  return problems;
}

/// The largest certified gap, as a share of the objective.
double largest_gap(const LogisticSolution& solution) {
  double gap = 0;
  for (size_t i = 0; i < solution.objective.size(); ++i) {
    gap = std::max(gap, solution.gap_bound[i] / solution.objective[i]);
  }
  return gap;
}

// Speed counts only at equal quality: every objective must come within 1e-4 of a solution at a far tighter
// tolerance.
void logistic_path(benchmark::State& state) {
  const LogisticProblem problem = make_problem(powers(-4, 0.5, 13));
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

// The whole range of C that protocols search.
void logistic_wide_path(benchmark::State& state) {
  const LogisticProblem problem = make_problem(powers(-6, 1, 13));
  double gap = 0;
  for (auto _ : state) gap = largest_gap(solve_logistic(problem, {}));
  if (gap > 1e-4) state.SkipWithError("an objective is not certified to 1e-4");
  state.counters["largest_gap"] = gap;
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(logistic_wide_path)
    ->Name("logistic/5000x768_100_classes/C_1e-6_to_1e6")
    ->Unit(benchmark::kMillisecond);

// All draws of few-shot in one call, and one after the other; the argument is how many C.
void few_shot(benchmark::State& state, bool together) {
  const std::vector<LogisticProblem> problems =
      make_few_shot(state.range(0) == 1 ? std::vector<double>{1} : powers(-6, 1, 13));
  double gap = 0;
  for (auto _ : state) {
    std::vector<LogisticSolution> solutions;
    if (together) {
      solutions = solve_logistic(problems);
    } else {
      for (const LogisticProblem& problem : problems) solutions.push_back(solve_logistic(problem));
    }
    for (const LogisticSolution& solution : solutions) gap = std::max(gap, largest_gap(solution));
  }
  if (gap > 1e-4) state.SkipWithError("an objective is not certified to 1e-4");
  state.counters["largest_gap"] = gap;
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(few_shot, batch, true)->Arg(1)->Arg(13)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(few_shot, loop, false)->Arg(1)->Arg(13)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace repbench
