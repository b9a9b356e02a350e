#include <benchmark/benchmark.h>

#include <numeric>
#include <vector>

#include "reports/statistics/bootstrap.h"
#include "reports/statistics/paired.h"

namespace repbench {
namespace {

// That the intervals hold the truth is tests/reports/statistics/coverage_test.cpp's business.
void bootstrap_of_a_mean(benchmark::State& state) {
  const int64_t n = state.range(0), resamples = 2000;
  std::vector<double> values(static_cast<size_t>(n));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i * i % 97) / 97;
  const auto mean = [&values](std::span<const uint32_t> counts) {
    const auto number = std::accumulate(counts.begin(), counts.end(), uint64_t{0});
    return std::transform_reduce(counts.begin(), counts.end(), values.begin(), 0.0) /
           static_cast<double>(number);
  };
  for (auto _ : state) benchmark::DoNotOptimize(bootstrap(n, mean, {.resamples = resamples}));
  state.SetItemsProcessed(state.iterations() * resamples);
}
BENCHMARK(bootstrap_of_a_mean)
    ->Name("bootstrap/bca_of_mean/2000_resamples")
    ->Arg(10'000)
    ->Arg(50'000)
    ->Unit(benchmark::kMillisecond);

void tango(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(tango_interval({42'000, 1'300, 1'200, 5'500}));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(tango)->Name("tango_interval/50000_pairs")->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace repbench
