// One program for all hot paths. Prints its context first: commit, CPU, threads, library versions.
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "pretrain/execution.h"
#include "suite/version.h"

int main(int argc, char** argv) {
  using namespace repbench;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  const char* threads = std::getenv("REPBENCH_BENCH_THREADS");
  ExecutionOptions options;
  options.threads = threads == nullptr ? 1 : std::atoi(threads);
  const Execution execution = start_execution(options);
  benchmark::AddCustomContext("commit", std::string(build_commit()) + (build_dirty() ? " with changes" : ""));
  const Json facts = environment(execution);
  for (const auto& [key, value] : facts.items()) {
    benchmark::AddCustomContext(key, value.is_string() ? value.get<std::string>() : value.dump());
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
