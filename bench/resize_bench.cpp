#include <benchmark/benchmark.h>

#include "datasets/images/resize.h"
#include "datasets/random.h"

namespace repbench {
namespace {

Image noise(int height, int width) {
  Image image{height, width, 3,
              std::vector<uint8_t>(static_cast<size_t>(height) * static_cast<size_t>(width) * 3)};
  RandomStream stream(0, Purpose::view, 0, 0);
  for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(stream.bits());
  return image;
}

// That the pixels are Pillow's, bit for bit, is tests/datasets/images/resize_test.cpp's business.
void resize_to_224(benchmark::State& state) {
  const Image image = noise(375, 500);
  for (auto _ : state) benchmark::DoNotOptimize(resize(image, 224, 224, Interpolation::bicubic));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(resize_to_224)->Name("resize/500x375_to_224/bicubic")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace repbench
