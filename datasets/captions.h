#pragma once

#include <cstdint>
#include <string>

#include "datasets/dataset.h"

namespace repbench {

/// The caption that an example is trained with in this epoch: one of its captions, each as likely as the
/// others, drawn from (seed, epoch, id) alone. Throws std::invalid_argument naming the id if it has none.
const std::string& choose_caption(const Example& example, uint64_t seed, uint64_t epoch);

}  // namespace repbench
