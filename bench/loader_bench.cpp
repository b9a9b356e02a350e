#include <benchmark/benchmark.h>

#include "datasets/loader.h"

namespace repbench {
namespace {

// One worker: pictures per second of process time, so that the figure does not depend on a second core.
void load_fashion_mnist(benchmark::State& state) {
  const auto dataset = open_dataset(DatasetSpec::parse("fashion_mnist"), "train");
  const IndexList examples = draw_examples(*dataset, all_examples(*dataset), 20000, 0);
  const auto source = make_loader(dataset, examples, {make_view("mae_train:28:0.2:bicubic")},
                                  {.batch_size = 256, .workers = 1, .shuffle = true});
  int64_t epoch = 0;
  for (auto _ : state) {
    source->begin(epoch++);
    while (auto batch = source->next()) benchmark::DoNotOptimize(batch->views.data());
  }
  state.SetItemsProcessed(state.iterations() * examples.size());
}
BENCHMARK(load_fashion_mnist)
    ->Name("loader/fashion_mnist/28px")
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace repbench
