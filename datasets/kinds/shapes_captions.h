#pragma once

#include <string>
#include <vector>

#include "datasets/kinds/shapes_scene.h"

namespace repbench {

constexpr int kCaptionsPerScene = 5;

/// Five English captions in five wordings, such as "a photo of a small red ring at the top left" or "a blue
/// heart with a red ring to the left of it". Every one names the shape and the colour of each object, and
/// where one of two objects lies relative to the other; some name sizes and places.
std::vector<std::string> describe(const Scene& scene, RandomStream& stream);

}  // namespace repbench
