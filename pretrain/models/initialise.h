#pragma once

#include <cstdint>
#include <string>

#include "pretrain/tensors.h"

namespace repbench {

/// MAE's initialisation of any parameters under timm's names (He et al. 2022, appendix A.1, and its code):
/// matrices xavier-uniform (the patch projection seen as a matrix), biases 0, norms 1 and 0, class and mask
/// tokens N(0, 0.02^2), the patch bias uniform as a convolution's; fixed positions are left alone. Every
/// tensor has a stream of its own, keyed by (seed, name): adding one does not move the others.
void initialise(const NamedTensors& parameters, uint64_t seed);

/// The seed of one tensor's own generator.
uint64_t parameter_seed(uint64_t seed, const std::string& name);

}  // namespace repbench
