#include "datasets/captions.h"

#include <fmt/format.h>

#include <stdexcept>

#include "datasets/random.h"

namespace repbench {

const std::string& choose_caption(const Example& example, uint64_t seed, uint64_t epoch) {
  if (example.captions.empty()) {
    throw std::invalid_argument(
        fmt::format("[captions] {}: expected an example with captions; got none", example.id));
  }
  RandomStream stream(seed, Purpose::caption, epoch, hash64(example.id));
  return example.captions[stream.integer(static_cast<int64_t>(example.captions.size()))];
}

}  // namespace repbench
