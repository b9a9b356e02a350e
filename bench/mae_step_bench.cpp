#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include "pretrain/models/initialise.h"
#include "pretrain/objectives/mae.h"
#include "pretrain/optimizer.h"

namespace repbench {
namespace {

constexpr int64_t kBatch = 64;

std::unique_ptr<Mae> tiny_mae() {
  VitOptions model;
  model.name = "vit_tiny";
  model.image_size = 32;
  model.patch_size = 4;
  model.resolve();
  MaeOptions options;
  options.decoder_depth = 4;
  options.decoder_width = 128;
  options.decoder_heads = 4;
  InputSpec input{3, 32, "small_eval:32", {0.5, 0.5, 0.5}, {0.25, 0.25, 0.25}};
  auto mae = std::make_unique<Mae>(std::make_unique<Vit>(model, input), options);
  initialise(mae->encoder().parameters(), 0);
  initialise(mae->own_tensors(), 0);
  return mae;
}

Batch random_batch() {
  Batch batch;
  batch.views.push_back({at::randint(256, {kBatch, 32, 32, 3}, at::kByte), Axes::BHWC});
  for (int64_t i = 0; i < kBatch; ++i) {
    batch.indices.push_back(i);
    batch.keys.push_back(static_cast<uint64_t>(i));
  }
  return batch;
}

// The loss must go down on one batch: a step that does not learn is not worth timing.
void mae_step(benchmark::State& state, Precision precision) {
  const std::unique_ptr<Mae> mae = tiny_mae();
  AdamW optimizer(mae->parameter_groups(0.05), {});
  const Batch batch = random_batch();
  Execution execution;
  execution.precision = precision;
  StepContext context;
  context.execution = &execution;
  context.backward = [](const at::Tensor& loss, bool) { loss.backward(); };
  const auto step = [&] {
    optimizer.zero_gradients();
    const double loss = mae->step(batch, context)[0].second;
    optimizer.step(1.5e-4, 0);
    return loss;
  };
  const double first = step();
  for (int i = 0; i < 4; ++i) step();
  if (step() >= first) {
    state.SkipWithError("the loss did not go down");
    return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(step());
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK_CAPTURE(mae_step, fp32, Precision::fp32)
    ->Name("mae_step/32px_192x12_decoder128x4/batch64/fp32")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(mae_step, bf16, Precision::bf16)
    ->Name("mae_step/32px_192x12_decoder128x4/batch64/bf16")
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace repbench
