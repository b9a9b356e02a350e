#include <ATen/ATen.h>
#include <benchmark/benchmark.h>
#include <c10/core/GradMode.h>

#include "pretrain/models/initialise.h"
#include "pretrain/models/vit.h"

namespace repbench {
namespace {

std::unique_ptr<Encoder> vit_tiny_32px() {
  VitOptions options;
  options.name = "vit_tiny";
  options.image_size = 32;
  options.patch_size = 4;
  options.resolve();
  auto encoder =
      std::make_unique<Vit>(options, InputSpec{3, 32, "small_eval:32", {0.5, 0.5, 0.5}, {0.25, 0.25, 0.25}});
  initialise(encoder->parameters(), 0);
  return encoder;
}

/// bf16 must still be the same features: within 2 % of their size.
bool same_features(const at::Tensor& features, const at::Tensor& exact) {
  return ((features - exact).norm() / exact.norm()).item<double>() < 0.02;
}

void encoder_forward(benchmark::State& state, at::ScalarType dtype) {
  const c10::NoGradGuard no_grad;
  const std::unique_ptr<Encoder> encoder = vit_tiny_32px();
  const at::Tensor images = at::randn({64, 3, 32, 32});
  const auto end = static_cast<int64_t>(encoder->stages().size());
  const at::Tensor exact = encoder->forward(images, 0, end, {.training = false, .compute = at::kFloat});
  encoder->convert_matrices(dtype);
  const StageContext context{.training = false, .compute = dtype};
  if (!same_features(encoder->forward(images, 0, end, context), exact)) {
    state.SkipWithError("features differ from fp32's");
    return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(encoder->forward(images, 0, end, context).data_ptr());
  state.SetItemsProcessed(state.iterations() * images.size(0));
}
BENCHMARK_CAPTURE(encoder_forward, fp32, at::kFloat)
    ->Name("encoder_forward/vit_tiny_32px/batch64/fp32")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(encoder_forward, bf16, at::kBFloat16)
    ->Name("encoder_forward/vit_tiny_32px/batch64/bf16")
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace repbench
