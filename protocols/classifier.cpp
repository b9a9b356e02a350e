#include "protocols/classifier.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace repbench {
namespace {

const Stage& stage_of(const Encoder& encoder, int64_t stage) {
  return encoder.stages()[static_cast<size_t>(stage)];
}

/// The last stage of the trunk: a norm of the tokens, or fc_norm, which works on what is pooled.
const Stage& final_norm(const Encoder& encoder) { return stage_of(encoder, encoder.trunk_end() - 1); }

bool norms_what_is_pooled(const Encoder& encoder) {
  return final_norm(encoder).parameters.front().name.starts_with("fc_norm");
}

ClassifierHead head_for(const Encoder& encoder, const Classifier::Settings& settings) {
  const bool has_own = settings.head_norm == HeadNorm::fc_norm && norms_what_is_pooled(encoder);
  return ClassifierHead({.norm = has_own ? HeadNorm::none : settings.head_norm,
                         .std = settings.head_std,
                         .width = final_norm(encoder).parameters.front().tensor.size(0),
                         .classes = settings.classes,
                         .seed = settings.seed});
}

}  // namespace

int64_t depth_of(const Encoder& encoder) {
  int64_t depth = 0;
  for (const Stage& stage : encoder.stages()) depth += stage.name.ends_with(".mlp") ? 1 : 0;
  return depth;
}

int64_t first_tuned_stage(const Encoder& encoder, const std::string& blocks) {
  // A projection into the space shared with texts is no part of a classifier.
  const int64_t depth = depth_of(encoder), end = encoder.trunk_end();
  if (blocks == "all") return 0;
  if (blocks == "0") return end;
  if (blocks == "0.5" && depth > 0) return encoder.stage_index(fmt::format("block.{}.mlp", depth - 1));
  int64_t count = 0;
  const auto [last, error] = std::from_chars(blocks.data(), blocks.data() + blocks.size(), count);
  if (error != std::errc() || last != blocks.data() + blocks.size() || count < 1 || count > depth) {
    throw std::invalid_argument(
        fmt::format("[finetune] key 'points': expected 0, 0.5, 1 ... {} or all; got '{}'", depth, blocks));
  }
  return encoder.stage_index(fmt::format("block.{}.attention", depth - count));
}

Classifier::Classifier(std::unique_ptr<Encoder> encoder, const Settings& settings)
    : encoder_(std::move(encoder)), settings_(settings) {
  if (depth_of(*encoder_) == 0) {
    throw std::invalid_argument(
        fmt::format("[finetune] expected an encoder with blocks; got {}", encoder_->kind()));
  }
  const bool replaces_norm = settings_.head_norm == HeadNorm::fc_norm && !norms_what_is_pooled(*encoder_);
  end_ = encoder_->trunk_end() - (replaces_norm ? 1 : 0);
  for (int64_t stage = 0; stage < encoder_->trunk_end(); ++stage) {
    for (const NamedTensor& named : stage_of(*encoder_, stage).parameters)
      named.tensor.set_requires_grad(is_tuned(stage));
  }
  head_ = head_for(*encoder_, settings_);
  if (settings_.ema <= 0) return;
  NamedTensors live = head_.trained();
  const auto add = [&](const NamedTensors& more) { live.insert(live.end(), more.begin(), more.end()); };
  add(head_.statistics());
  for (int64_t stage = settings_.first_stage; stage < end_; ++stage)
    add(stage_of(*encoder_, stage).parameters);
  average_.emplace(std::move(live), settings_.ema);
}

at::Tensor Classifier::prefix(const at::Tensor& images, at::ScalarType compute) const {
  const c10::NoGradGuard frozen;
  const StageContext inference{.training = false, .compute = compute};
  const at::Tensor x = encoder_->forward(images, 0, std::min(settings_.first_stage, end_), inference);
  return settings_.first_stage >= end_ ? encoder_->pool(x, settings_.tap) : x;
}

at::Tensor Classifier::scores_behind(const at::Tensor& prefix, const StageContext& context) const {
  if (settings_.first_stage >= end_) return head_(prefix, context.training);
  const at::Tensor x = encoder_->forward(prefix, settings_.first_stage, end_, context);
  return head_(encoder_->pool(x, settings_.tap), context.training);
}

at::Tensor Classifier::scores(const View& view, const StageContext& context) const {
  return scores_behind(prefix(encoder_->ingest(view), context.compute), context);
}

Measurements Classifier::step(const Batch& batch, StepContext& context) {
  const MixOptions options{.mixup = settings_.mixup, .cutmix = settings_.cutmix};
  if (!options.mixes()) return step_mixed(batch, {}, context);
  RandomStream stream(context.seed, Purpose::mixing, 0,
                      static_cast<uint64_t>(context.step * context.micro_batches + context.micro_batch));
  const at::Tensor& pixels = batch.views.at(0).data;
  return step_mixed(batch, draw_mix(options, pixels.size(1), pixels.size(2), stream), context);
}

Measurements Classifier::step_mixed(const Batch& batch, const Mix& mix, StepContext& context) {
  const DropPath drop{.rate = settings_.drop_path,
                      .seed = context.seed,
                      .step = static_cast<uint64_t>(context.step),
                      .keys = batch.keys};
  const StageContext stage{.training = true,
                           .compute = context.execution->compute_dtype(),
                           .drop_path = settings_.drop_path > 0 ? &drop : nullptr};
  const at::Device device = head_.trained().front().tensor.device();
  const at::Tensor x = batch.features.defined()
                           ? batch.features.to(device)
                           : prefix(mix_images(encoder_->ingest(batch.views.at(0)), mix), stage.compute);
  const at::Tensor labels = batch.labels.to(device);
  const at::Tensor logits = scores_behind(x, stage);
  const double smoothing = settings_.label_smoothing;
  const at::Tensor loss =
      mix.share < 1.0 ? soft_cross_entropy(logits, mix_labels(labels, settings_.classes, smoothing, mix))
                      : at::cross_entropy_loss(logits, labels, {}, at::Reduction::Mean, -100, smoothing);
  const double correct = logits.argmax(1).eq(labels).to(at::kFloat).mean().item<double>();
  const double value = loss.item<double>();
  context.backward(loss, /*last=*/true);
  return {{"loss", value}, {"accuracy", correct}};
}

void Classifier::after_step(const StepContext&) {
  if (average_) average_->update();
}

void Classifier::swap_average() {
  if (!average_) throw std::logic_error("[finetune] expected an average of the weights; got none");
  average_->swap();
}

std::vector<ParameterGroup> Classifier::parameter_groups(double weight_decay) {
  const int64_t depth = depth_of(*encoder_);
  const auto of_stage = [&](std::string_view stage, const NamedTensors& parameters) {
    return layer_decay_groups(settings_.layer_decay_rule, stage, parameters, depth, settings_.layer_decay,
                              weight_decay);
  };
  std::vector<ParameterGroup> groups = of_stage(kHeadStage, head_.trained());
  for (int64_t stage = settings_.first_stage; stage < end_; ++stage) {
    const Stage& tuned = stage_of(*encoder_, stage);
    for (ParameterGroup& group : of_stage(tuned.name, tuned.parameters)) groups.push_back(std::move(group));
  }
  return groups;
}

NamedTensors Classifier::own_tensors() {
  NamedTensors list = head_.trained();
  const auto add = [&](const NamedTensors& more) { list.insert(list.end(), more.begin(), more.end()); };
  add(head_.statistics());
  if (average_) add(average_->tensors());
  return list;
}

int64_t Classifier::forward_macs() const {
  const int64_t width = final_norm(*encoder_).parameters.front().tensor.size(0);
  return encoder_->macs(0, end_) + width * settings_.classes;
}

int64_t Classifier::expected_trainable() const {
  int64_t total = count_elements(head_.trained());
  for (int64_t stage = settings_.first_stage; stage < end_; ++stage)
    total += count_elements(stage_of(*encoder_, stage).parameters);
  return total;
}

std::string Classifier::frozen_hash() const {
  NamedTensors frozen;
  for (int64_t stage = 0; stage < encoder_->trunk_end(); ++stage) {
    if (is_tuned(stage)) continue;
    const NamedTensors& list = stage_of(*encoder_, stage).parameters;
    frozen.insert(frozen.end(), list.begin(), list.end());
  }
  return hash_of(frozen);
}

}  // namespace repbench
