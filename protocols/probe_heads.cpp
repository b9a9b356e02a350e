#include "protocols/probe_heads.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "protocols/joined_taps.h"

namespace repbench {
namespace {

constexpr double kMomentum = 0.1, kEpsilon = 1e-6;  // the batch norm's, as MAE's

Linear new_linear(int64_t width, const ProbeHeads::Settings& settings) {
  Linear linear(width, settings.classes);
  const at::Generator generator = at::detail::createCPUGenerator(settings.seed);
  linear.weight = at::empty(linear.weight.sizes()).normal_(0.0, settings.head_std, generator);
  for (at::Tensor* tensor : {&linear.weight, &linear.bias})
    *tensor = tensor->to(settings.device).set_requires_grad(true);
  return linear;
}

}  // namespace

ProbeHeads::ProbeHeads(std::unique_ptr<Encoder> encoder,
                       const std::vector<std::pair<std::string, int64_t>>& widths, const Settings& settings)
    : encoder_(std::move(encoder)), widths_(widths), settings_(settings) {
  const std::map<std::string, int64_t> width_of(widths.begin(), widths.end());
  for (const auto& [part, width] : widths) parts_.push_back(part);
  const at::TensorOptions options = at::TensorOptions(at::kFloat).device(settings.device);
  for (size_t input = 0; input < settings.taps.size(); ++input) {
    int64_t width = 0;
    for (const std::string& part : parts_of(settings.taps[input])) width += width_of.at(part);
    norms_.push_back(settings.batch_norm ? Norm{at::zeros({width}, options), at::ones({width}, options)}
                                         : Norm{});
    for (const double base_lr : settings.base_lrs)
      heads_.push_back({input, base_lr, new_linear(width, settings)});
  }
}

Measurements ProbeHeads::step(const Batch& batch, StepContext& context) {
  const std::map<std::string, at::Tensor> by_part = parts_in(batch, context.execution->compute_dtype());
  const at::Tensor labels = batch.labels.to(settings_.device);
  std::vector<size_t> live;
  for (size_t i = 0; i < heads_.size(); ++i) {
    if (heads_[i].diverged_at == 0) live.push_back(i);
  }
  std::vector<at::Tensor> losses, inputs(norms_.size());
  for (const size_t i : live) {
    at::Tensor& input = inputs[heads_[i].input];
    if (!input.defined()) input = input_of(heads_[i].input, by_part, /*training=*/true);
    const at::Tensor loss = at::cross_entropy_loss(heads_[i].linear(input, at::kFloat), labels);
    losses.push_back(loss.detach());
    context.backward(loss, i == live.back());
  }
  return {{"loss", drop_diverged(live, losses, context.step + 1)}};
}

std::map<std::string, at::Tensor> ProbeHeads::parts_in(const Batch& batch, at::ScalarType compute) const {
  const c10::NoGradGuard frozen;
  std::map<std::string, at::Tensor> by_part;
  if (encoder_ != nullptr) {
    by_part = encoder_->features(encoder_->ingest(batch.views.at(0)), parts_,
                                 {.training = false, .compute = compute});
    for (auto& [part, features] : by_part) features = features.to(at::kFloat);
    return by_part;
  }
  int64_t first = 0;
  for (const auto& [part, width] : widths_) {
    by_part[part] = batch.features.narrow(1, first, width).to(settings_.device).contiguous();
    first += width;
  }
  return by_part;
}

at::Tensor ProbeHeads::input_of(size_t input, const std::map<std::string, at::Tensor>& by_part,
                                bool training) const {
  const at::Tensor joined = join_parts(by_part, settings_.taps[input]);
  if (!settings_.batch_norm) return joined;
  const Norm& norm = norms_[input];
  return at::batch_norm(joined, {}, {}, norm.running_mean, norm.running_var, training, kMomentum, kEpsilon,
                        /*cudnn_enabled=*/false);
}

double ProbeHeads::drop_diverged(const std::vector<size_t>& live, const std::vector<at::Tensor>& losses,
                                 int64_t step) {
  if (live.empty()) return std::numeric_limits<double>::quiet_NaN();
  const at::Tensor values = at::stack(losses).to(at::kCPU, at::kDouble);
  double sum = 0;
  int64_t count = 0;
  for (size_t k = 0; k < live.size(); ++k) {
    const double value = values.const_data_ptr<double>()[k];
    Head& head = heads_[live[k]];
    if (std::isfinite(value)) {
      sum += value;
      ++count;
      continue;
    }
    head.diverged_at = step;
    // Without gradients the optimizer leaves it alone, and the norm of all gradients does not see it.
    head.linear.weight.mutable_grad().reset();
    head.linear.bias.mutable_grad().reset();
  }
  return count > 0 ? sum / static_cast<double>(count) : std::numeric_limits<double>::quiet_NaN();
}

std::vector<ParameterGroup> ProbeHeads::parameter_groups(double weight_decay) {
  std::vector<ParameterGroup> groups;
  for (size_t i = 0; i < heads_.size(); ++i) {
    NamedTensors parameters;
    heads_[i].linear.list(fmt::format("heads.{}", i), parameters);
    const double scale = heads_[i].base_lr / settings_.trainer_base_lr;
    for (ParameterGroup& group : decay_groups(parameters, weight_decay)) {
      group.lr_scale = [scale](int64_t) { return scale; };
      groups.push_back(std::move(group));
    }
  }
  return groups;
}

Encoder& ProbeHeads::encoder() {
  if (encoder_ == nullptr) throw std::logic_error("[linear_probe] expected an encoder; got features alone");
  return *encoder_;
}

NamedTensors ProbeHeads::own_tensors() {
  NamedTensors list;
  for (size_t i = 0; i < heads_.size(); ++i) heads_[i].linear.list(fmt::format("heads.{}", i), list);
  for (size_t i = 0; i < norms_.size() && settings_.batch_norm; ++i) {
    list.push_back({fmt::format("norms.{}.running_mean", i), norms_[i].running_mean});
    list.push_back({fmt::format("norms.{}.running_var", i), norms_[i].running_var});
  }
  return list;
}

int64_t ProbeHeads::forward_macs() const {
  int64_t macs =
      encoder_ == nullptr || encoder_->stages().empty() ? 0 : encoder_->macs(0, encoder_->trunk_end());
  for (const Head& head : heads_) macs += head.linear.weight.numel();
  return macs;
}

at::Tensor ProbeHeads::scores(size_t head, const std::map<std::string, at::Tensor>& by_part) const {
  constexpr int64_t kRows = 4096;  // at a time, so that joined features are not copied as a whole
  const c10::NoGradGuard no_grad;
  const std::vector<std::string> parts = parts_of(tap_of(head));
  const int64_t rows = by_part.at(parts.front()).size(0);
  std::vector<at::Tensor> scores;
  for (int64_t first = 0; first < rows; first += kRows) {
    std::map<std::string, at::Tensor> some;
    for (const std::string& part : parts)
      some[part] = by_part.at(part).narrow(0, first, std::min(kRows, rows - first)).to(settings_.device);
    const at::Tensor input = input_of(heads_[head].input, some, /*training=*/false);
    scores.push_back(heads_[head].linear(input, at::kFloat).cpu());
  }
  return at::cat(scores);
}

std::pair<at::Tensor, at::Tensor> ProbeHeads::folded(size_t head) const {
  const auto exact = [](const at::Tensor& tensor) { return tensor.detach().to(at::kCPU, at::kDouble); };
  const Linear& linear = heads_[head].linear;
  const at::Tensor weight = exact(linear.weight), bias = exact(linear.bias);
  if (!settings_.batch_norm) return {weight, bias};
  const Norm& norm = norms_[heads_[head].input];
  const at::Tensor scaled = weight / (exact(norm.running_var) + kEpsilon).sqrt();
  return {scaled, bias - at::mv(scaled, exact(norm.running_mean))};
}

}  // namespace repbench
