#include "datasets/rendering.h"

#include <chrono>

#include "datasets/images/decode.h"
#include "datasets/random.h"

namespace repbench {
namespace {

// Far from the items of other examples: their keys are hashes too.
constexpr uint64_t kBetweenViews = 0x9e3779b97f4a7c15u;

class Stopwatch {
 public:
  /// Seconds since the last lap.
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - start_).count();
    start_ = now;
    return seconds;
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

StageSeconds& StageSeconds::operator+=(const StageSeconds& other) {
  read += other.read;
  decode += other.decode;
  view += other.view;
  return *this;
}

void render(const Rendering& rendering, const Example& example, uint64_t epoch,
            std::span<const std::span<uint8_t>> outputs, StageSeconds& seconds) {
  Stopwatch watch;
  const uint64_t key = hash64(example.id);
  const Image* image = std::get_if<Image>(&example.picture);
  Image decoded;
  if (image == nullptr || image->channels != rendering.channels)
    image = &(decoded = pixels(example, rendering.channels));
  seconds.decode += watch.lap();
  for (size_t v = 0; v < rendering.views.size(); ++v) {
    RandomStream stream(rendering.seed, Purpose::view, epoch, key + v * kBetweenViews);
    rendering.views[v]->apply(*image, stream, outputs[v]);
  }
  seconds.view += watch.lap();
}

}  // namespace repbench
