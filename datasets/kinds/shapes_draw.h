#pragma once

#include "datasets/images/image.h"
#include "datasets/kinds/shapes_scene.h"

namespace repbench {

/// The RGB picture of a scene, size x size, over a muted, textured background; edges are anti-aliased.
/// `noise` in [0, 1] is the share of a picture of noise that is blended in: with 1 nothing of the scene is
/// left.
Image draw_scene(const Scene& scene, int size, double noise, RandomStream texture, RandomStream noise_stream);

}  // namespace repbench
