#include "pretrain/models/clip_initialise.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <optional>
#include <string_view>

#include "pretrain/models/initialise.h"

namespace repbench {
namespace {

constexpr std::string_view kPool = "visual.attnpool.";

bool is_norm(std::string_view name) {
  return name.find("ln_") != std::string_view::npos || name.find(".bn") != std::string_view::npos ||
         name.find(".downsample.1.") != std::string_view::npos;
}

/// What a tensor starts with everywhere, where nothing is drawn.
std::optional<double> constant(std::string_view name) {
  if (name == "logit_scale") return std::log(1.0 / 0.07);
  if (!is_norm(name)) return std::nullopt;
  const bool ends_branch = name.starts_with("visual.layer") && name.ends_with(".bn3.weight");
  return (name.ends_with("weight") && !ends_branch) || name.ends_with("running_var") ? 1.0 : 0.0;
}

/// Standard deviation of a normal tensor; 0 if the tensor is none.
double deviation(std::string_view name, const at::Tensor& tensor, const ClipWidths& widths) {
  const double vision = std::pow(static_cast<double>(widths.vision_width), -0.5);
  const double text = std::pow(static_cast<double>(widths.text_width), -0.5);
  if (name == "token_embedding.weight") return 0.02;
  if (name == "positional_embedding") return 0.01;
  if (name == "text_projection") return text;
  if (name == "visual.class_embedding" || name == "visual.positional_embedding" || name == "visual.proj")
    return vision;
  if (name.starts_with(kPool) && tensor.dim() == 2)
    return std::pow(static_cast<double>(tensor.size(1)), -0.5);
  if (name.starts_with("visual.") || name.ends_with("bias")) return 0;
  if (name.ends_with("attn.in_proj_weight")) return text;
  if (name.ends_with("mlp.c_fc.weight")) return text * std::pow(2.0, -0.5);
  // attn.out_proj and mlp.c_proj end a residual branch.
  return text * std::pow(2.0 * static_cast<double>(widths.text_depth), -0.5);
}

/// Fan-in of the layer that a bias belongs to, found through its weight.
double fan_in_of_bias(const std::string& name, const NamedTensors& parameters) {
  const std::string weight = name.substr(0, name.size() - 4) + "weight";
  for (const auto& [other, tensor] : parameters) {
    if (other == weight) return static_cast<double>(tensor[0].numel());
  }
  return 1;
}

/// Bound of a uniform tensor as torch's layers start: xavier for attention's input, 1 / sqrt(fan-in) else.
double bound(const std::string& name, const at::Tensor& tensor, const NamedTensors& parameters) {
  if (name.ends_with("attn.in_proj_weight"))
    return std::sqrt(6.0 / static_cast<double>(tensor.size(0) + tensor.size(1)));
  if (name.find("attn.") != std::string::npos && name.ends_with("bias")) return 0;
  const double fan_in =
      name.ends_with("bias") ? fan_in_of_bias(name, parameters) : static_cast<double>(tensor[0].numel());
  return 1.0 / std::sqrt(fan_in);
}

}  // namespace

void initialise_clip(const NamedTensors& parameters, const ClipWidths& widths, uint64_t seed) {
  const c10::NoGradGuard no_grad;
  for (const auto& [name, tensor] : parameters) {
    const at::Generator generator = at::detail::createCPUGenerator(parameter_seed(seed, name));
    if (const std::optional<double> value = constant(name)) {
      tensor.fill_(*value);
    } else if (const double sigma = deviation(name, tensor, widths); sigma > 0) {
      tensor.copy_(at::empty(tensor.sizes()).normal_(0.0, sigma, generator));
    } else {
      const double limit = bound(name, tensor, parameters);
      tensor.copy_(at::empty(tensor.sizes()).uniform_(-limit, limit, generator));
    }
  }
}

}  // namespace repbench
