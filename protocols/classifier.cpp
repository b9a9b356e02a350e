#include "protocols/classifier.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <stdexcept>

#include "pretrain/mixing.h"

namespace repbench {
namespace {

/// A projection into the space shared with texts is no part of a classifier.
int64_t stage_count(const Encoder& encoder) { return encoder.trunk_end(); }

/// Layer-decay id (BEiT's rule): 0 for the stem, K + 1 for block K, depth + 1 for what comes behind.
int64_t layer_of(const Encoder& encoder, int64_t stage) {
  const std::string& name = encoder.stages()[static_cast<size_t>(stage)].name;
  if (!name.starts_with("block.")) return stage < 2 ? 0 : depth_of(encoder) + 1;
  int64_t block = 0;
  std::from_chars(name.data() + 6, name.data() + name.size(), block);
  return block + 1;
}

}  // namespace

int64_t depth_of(const Encoder& encoder) {
  int64_t depth = 0;
  for (const Stage& stage : encoder.stages()) depth += stage.name.ends_with(".mlp") ? 1 : 0;
  return depth;
}

int64_t first_tuned_stage(const Encoder& encoder, const std::string& blocks) {
  const int64_t depth = depth_of(encoder), end = stage_count(encoder);
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
  for (int64_t stage = 0; stage < stage_count(*encoder_); ++stage) {
    for (const NamedTensor& named : encoder_->stages()[static_cast<size_t>(stage)].parameters) {
      named.tensor.set_requires_grad(stage >= settings_.first_stage);
    }
  }
  const Stage& norm = encoder_->stages()[static_cast<size_t>(stage_count(*encoder_) - 1)];
  const int64_t width = norm.parameters.front().tensor.size(0);
  head_ = Linear(width, settings_.classes);
  running_mean_ = at::zeros({width});
  running_var_ = at::ones({width});
  const at::Generator generator = at::detail::createCPUGenerator(settings_.seed);
  // timm truncates at two, 200 deviations away: nothing is cut.
  head_.weight = at::empty(head_.weight.sizes()).normal_(0.0, 0.01, generator).set_requires_grad(true);
  head_.bias.set_requires_grad(true);
}

at::Tensor Classifier::scores(const View& view, const StageContext& context) const {
  return scores_of(encoder_->ingest(view), context);
}

at::Tensor Classifier::scores_of(const at::Tensor& images, const StageContext& context) const {
  const int64_t end = stage_count(*encoder_);
  at::Tensor x = images;
  {
    const c10::NoGradGuard frozen;
    const StageContext inference{.training = false, .compute = context.compute};
    x = encoder_->forward(x, 0, settings_.first_stage, inference);
  }
  x = encoder_->forward(x, settings_.first_stage, end, context);
  at::Tensor pooled = encoder_->pool(x, settings_.tap);
  if (settings_.batch_norm) {
    constexpr double kMomentum = 0.1, kEpsilon = 1e-6;
    pooled =
        at::batch_norm(pooled, {}, {}, running_mean_, running_var_, context.training, kMomentum, kEpsilon,
                       /*cudnn_enabled=*/false);
  }
  return head_(pooled, at::kFloat);
}

Measurements Classifier::step(const Batch& batch, StepContext& context) {
  const StageContext stage{.training = true, .compute = context.execution->compute_dtype()};
  const at::Tensor images = encoder_->ingest(batch.views.at(0));
  const at::Tensor labels = batch.labels.to(images.device());
  const MixOptions options{.mixup = settings_.mixup, .cutmix = settings_.cutmix};
  RandomStream stream(context.seed, Purpose::mixing, 0,
                      static_cast<uint64_t>(context.step * context.micro_batches + context.micro_batch));
  const Mix mix = draw_mix(options, images.size(2), images.size(3), stream);
  const at::Tensor logits = scores_of(mix_images(images, mix), stage);
  const at::Tensor loss =
      options.mixes()
          ? soft_cross_entropy(logits, mix_labels(labels, settings_.classes, settings_.label_smoothing, mix))
          : at::cross_entropy_loss(logits, labels, {}, at::Reduction::Mean, -100, settings_.label_smoothing);
  const double correct = logits.argmax(1).eq(labels).to(at::kFloat).mean().item<double>();
  const double value = loss.item<double>();
  context.backward(loss, /*last=*/true);
  return {{"loss", value}, {"accuracy", correct}};
}

std::vector<ParameterGroup> Classifier::parameter_groups(double weight_decay) {
  std::vector<ParameterGroup> groups =
      decay_groups({{"head.weight", head_.weight}, {"head.bias", head_.bias}}, weight_decay);
  const int64_t depth = depth_of(*encoder_);
  for (int64_t stage = settings_.first_stage; stage < stage_count(*encoder_); ++stage) {
    const double scale =
        std::pow(settings_.layer_decay, static_cast<double>(depth + 1 - layer_of(*encoder_, stage)));
    for (ParameterGroup& group :
         decay_groups(encoder_->stages()[static_cast<size_t>(stage)].parameters, weight_decay)) {
      group.lr_scale = [scale](int64_t) { return scale; };
      // Positions and the class token do not decay in fine-tuning (MAE, BEiT).
      if (stage == 1) group.weight_decay = [](int64_t) { return 0.0; };
      groups.push_back(std::move(group));
    }
  }
  return groups;
}

NamedTensors Classifier::own_tensors() {
  NamedTensors list;
  head_.list("head", list);
  list.insert(list.end(),
              {{"head_norm.running_mean", running_mean_}, {"head_norm.running_var", running_var_}});
  return list;
}

int64_t Classifier::forward_macs() const {
  return encoder_->macs(0, stage_count(*encoder_)) + head_.weight.numel();
}

int64_t Classifier::expected_trainable() const {
  int64_t total = head_.weight.numel() + head_.bias.numel();
  for (int64_t stage = settings_.first_stage; stage < stage_count(*encoder_); ++stage) {
    total += count_elements(encoder_->stages()[static_cast<size_t>(stage)].parameters);
  }
  return total;
}

std::string Classifier::frozen_hash() const {
  NamedTensors frozen;
  for (int64_t stage = 0; stage < settings_.first_stage; ++stage) {
    const NamedTensors& list = encoder_->stages()[static_cast<size_t>(stage)].parameters;
    frozen.insert(frozen.end(), list.begin(), list.end());
  }
  return hash_of(frozen);
}

}  // namespace repbench
