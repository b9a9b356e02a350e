#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/images/decode.h"
#include "datasets/images/views.h"

namespace repbench {

using Views = std::vector<std::shared_ptr<const ViewTransform>>;

/// Seconds of one thread, by stage.
struct StageSeconds {
  double read = 0, decode = 0, view = 0;

  StageSeconds& operator+=(const StageSeconds& other);
};

/// How pictures become pixels; the same for a whole run.
struct Rendering {
  Views views;
  int channels = 3;   // 1 or 3
  uint64_t seed = 0;  // of random views
  DecodeOptions decoding = {};
  bool regions = false;  // decode no more of a picture than its views read: a fault elsewhere goes unseen
};

/// Decodes the example's picture once and writes it under each view: outputs[v] has size * size * channels
/// bytes. What is drawn depends on (seed, epoch, id, number of the view) alone. Adds to `seconds`.
/// Thread-safe. Throws std::runtime_error naming the example if its picture is broken.
void render(const Rendering& rendering, const Example& example, uint64_t epoch,
            std::span<const std::span<uint8_t>> outputs, StageSeconds& seconds);

}  // namespace repbench
