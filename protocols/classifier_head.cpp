#include "protocols/classifier_head.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <stdexcept>

#include "files/nearest.h"

namespace repbench {
namespace {

constexpr double kEpsilon = 1e-6;

}  // namespace

const std::vector<std::string>& head_norms() {
  static const std::vector<std::string> names = {"batch", "none", "fc_norm"};
  return names;
}

HeadNorm head_norm_named(const std::string& name) {
  const std::vector<std::string>& names = head_norms();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) fail_unknown_name("finetune", "a norm of the head", name, names);
  return static_cast<HeadNorm>(found - names.begin());
}

ClassifierHead::ClassifierHead(const ClassifierHeadOptions& options)
    : norm_(options.norm), linear_(options.width, options.classes) {
  const at::Generator generator = at::detail::createCPUGenerator(options.seed);
  // timm truncates at two, at least 200 deviations away: nothing is cut.
  linear_.weight = at::empty(linear_.weight.sizes()).normal_(0.0, options.std, generator);
  if (norm_ == HeadNorm::fc_norm) fc_norm_ = LayerNorm(options.width, kEpsilon);
  if (norm_ == HeadNorm::batch) {
    running_mean_ = at::zeros({options.width});
    running_var_ = at::ones({options.width});
  }
  for (const NamedTensor& named : trained()) named.tensor.set_requires_grad(true);
}

at::Tensor ClassifierHead::operator()(const at::Tensor& pooled, bool training) const {
  constexpr double kMomentum = 0.1;
  at::Tensor x = pooled;
  if (norm_ == HeadNorm::fc_norm) x = fc_norm_(x);
  if (norm_ == HeadNorm::batch) {
    x = at::batch_norm(x, {}, {}, running_mean_, running_var_, training, kMomentum, kEpsilon,
                       /*cudnn_enabled=*/false);
  }
  return linear_(x, at::kFloat);
}

NamedTensors ClassifierHead::trained() const {
  NamedTensors list;
  if (norm_ == HeadNorm::fc_norm) fc_norm_.list("fc_norm", list);
  linear_.list("head", list);
  return list;
}

NamedTensors ClassifierHead::statistics() const {
  if (norm_ != HeadNorm::batch) return {};
  return {{"head_norm.running_mean", running_mean_}, {"head_norm.running_var", running_var_}};
}

std::pair<at::Tensor, at::Tensor> ClassifierHead::folded() const {
  if (norm_ == HeadNorm::fc_norm)
    throw std::logic_error("[finetune] expected a linear head; got one behind fc_norm");
  const auto plain = [](const at::Tensor& tensor) { return tensor.detach().cpu().to(at::kDouble); };
  const at::Tensor weight = plain(linear_.weight), bias = plain(linear_.bias);
  if (norm_ == HeadNorm::none) return {weight, bias};
  const at::Tensor scaled = weight * (plain(running_var_) + kEpsilon).rsqrt();
  return {scaled, bias - at::mv(scaled, plain(running_mean_))};
}

}  // namespace repbench
