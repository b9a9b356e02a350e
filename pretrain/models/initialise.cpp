#include "pretrain/models/initialise.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>

#include <cmath>

#include "datasets/random.h"

namespace repbench {
namespace {

void fill_uniform(const at::Tensor& tensor, double bound, const at::Generator& generator) {
  tensor.copy_(at::empty(tensor.sizes()).uniform_(-bound, bound, generator));
}

/// Fan-in of the patch projection, whose bias keeps a convolution's default.
int64_t patch_fan_in(const NamedTensors& parameters) {
  for (const auto& [name, tensor] : parameters) {
    if (name == "patch_embed.proj.weight") return tensor[0].numel();
  }
  return 1;
}

}  // namespace

uint64_t parameter_seed(uint64_t seed, const std::string& name) {
  RandomStream stream(seed, Purpose::initialise, 0, hash64(name));
  const uint64_t high = stream.bits();
  return (high << 32) | stream.bits();
}

void initialise(const NamedTensors& parameters, uint64_t seed) {
  const c10::NoGradGuard no_grad;
  for (const auto& [name, tensor] : parameters) {
    const at::Generator generator = at::detail::createCPUGenerator(parameter_seed(seed, name));
    if (name.ends_with("pos_embed")) continue;
    if (name.ends_with("_token")) {
      tensor.copy_(at::empty(tensor.sizes()).normal_(0.0, 0.02, generator));
    } else if (name == "patch_embed.proj.bias") {
      fill_uniform(tensor, 1.0 / std::sqrt(static_cast<double>(patch_fan_in(parameters))), generator);
    } else if (name.ends_with(".bias")) {
      tensor.zero_();
    } else if (tensor.dim() == 1) {
      tensor.fill_(1.0);
    } else {
      const auto fans = static_cast<double>(tensor.size(0) + tensor[0].numel());
      fill_uniform(tensor, std::sqrt(6.0 / fans), generator);
    }
  }
}

}  // namespace repbench
