#include "pretrain/models/modified_resnet.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <stdexcept>

#include "pretrain/models/patches.h"

namespace repbench {
namespace {

constexpr double kEps = 1e-5;
constexpr int64_t kLeastSide = 32;  // the whole stride

at::Tensor average(const at::Tensor& x, int64_t stride) {
  return stride == 1 ? x : at::avg_pool2d(x, {stride, stride});
}

}  // namespace

BatchNorm::BatchNorm(int64_t channels)
    : weight(at::ones({channels})),
      bias(at::zeros({channels})),
      running_mean(at::zeros({channels})),
      running_var(at::ones({channels})),
      num_batches_tracked(at::zeros({}, at::kLong)) {}

void BatchNorm::list(const std::string& prefix, NamedTensors& into) const {
  into.push_back({prefix + ".weight", weight});
  into.push_back({prefix + ".bias", bias});
  into.push_back({prefix + ".running_mean", running_mean});
  into.push_back({prefix + ".running_var", running_var});
  into.push_back({prefix + ".num_batches_tracked", num_batches_tracked});
}

NormedConvolution::NormedConvolution(int64_t in, int64_t out, int64_t kernel, int64_t step)
    : weight(at::zeros({out, in, kernel, kernel}).contiguous(at::MemoryFormat::ChannelsLast)),
      norm(out),
      stride(step) {}

at::Tensor NormedConvolution::operator()(const at::Tensor& x, const StageContext& context) const {
  const int64_t padding = weight.size(2) / 2;
  if (!context.training && context.compute == at::kFloat) {  // the norm folded in: one pass over the map less
    const at::Tensor scale = norm.weight * at::rsqrt(norm.running_var + kEps);
    const at::Tensor shift = norm.bias - norm.running_mean * scale;
    return at::conv2d(x, weight * scale.view({-1, 1, 1, 1}), shift, stride, padding);
  }
  const at::Tensor y =
      at::conv2d(x.to(context.compute), weight.to(context.compute), {}, stride, padding).to(at::kFloat);
  return at::batch_norm(y, norm.weight, norm.bias, norm.running_mean, norm.running_var, /*training=*/false,
                        /*momentum=*/0, kEps, /*cudnn_enabled=*/false);
}

Bottleneck::Bottleneck(int64_t in, int64_t planes, int64_t step)
    : conv1(in, planes, 1), conv2(planes, planes, 3), conv3(planes, 4 * planes, 1), stride(step) {
  if (stride > 1 || in != 4 * planes) downsample = NormedConvolution(in, 4 * planes, 1);
}

at::Tensor Bottleneck::operator()(const at::Tensor& x, const StageContext& context) const {
  const at::Tensor inner = conv2(conv1(x, context).relu_(), context).relu_();
  const at::Tensor out = conv3(average(inner, stride), context);
  const at::Tensor shortcut = downsample.weight.defined() ? downsample(average(x, stride), context) : x;
  return (out + shortcut).relu_();
}

void Bottleneck::list(const std::string& prefix, NamedTensors& into) const {
  into.push_back({prefix + ".conv1.weight", conv1.weight});
  conv1.norm.list(prefix + ".bn1", into);
  into.push_back({prefix + ".conv2.weight", conv2.weight});
  conv2.norm.list(prefix + ".bn2", into);
  into.push_back({prefix + ".conv3.weight", conv3.weight});
  conv3.norm.list(prefix + ".bn3", into);
  if (!downsample.weight.defined()) return;
  into.push_back({prefix + ".downsample.0.weight", downsample.weight});
  downsample.norm.list(prefix + ".downsample.1", into);
}

int64_t Bottleneck::macs(int64_t in_pixels) const {
  const int64_t out_pixels = in_pixels / (stride * stride);
  const int64_t shortcut = downsample.weight.defined() ? downsample.macs(out_pixels) : 0;
  return conv1.macs(in_pixels) + conv2.macs(in_pixels) + conv3.macs(out_pixels) + shortcut;
}

AttentionPool::AttentionPool(int64_t grid, int64_t width, int64_t head_count, int64_t embed_dim)
    : heads(head_count),
      positional_embedding(at::zeros({1 + grid * grid, width})),
      q_proj(width, width),
      k_proj(width, width),
      v_proj(width, width),
      c_proj(width, embed_dim) {
  if (width % heads != 0) {
    throw std::invalid_argument(
        fmt::format("[model] expected 32 x width divisible by heads; got {} and {}", width, heads));
  }
}

at::Tensor AttentionPool::gather(const at::Tensor& x, const StageContext& context) const {
  const at::Tensor map = x.flatten(2).transpose(1, 2);  // [B, N, D]
  const at::Tensor positions = interpolate_positions(positional_embedding.unsqueeze(0), x.size(2), x.size(3),
                                                     1, PositionResize::antialias);
  const at::Tensor tokens = at::cat({map.mean(1, /*keepdim=*/true), map}, 1) + positions;
  const auto split = [&](const at::Tensor& values) {  // [B, heads, N, D / heads]
    return values.view({values.size(0), values.size(1), heads, -1}).transpose(1, 2);
  };
  const at::Tensor q = split(q_proj(tokens.narrow(1, 0, 1), context.compute));
  const at::Tensor k = split(k_proj(tokens, context.compute));
  const at::Tensor v = split(v_proj(tokens, context.compute));
  return at::scaled_dot_product_attention(q, k, v).flatten(1).to(at::kFloat);
}

at::Tensor AttentionPool::project(const at::Tensor& x, const StageContext& context) const {
  return c_proj(x, context.compute).to(at::kFloat);
}

ModifiedResnet::ModifiedResnet(const ModifiedResnetOptions& options)
    : channels_(options.channels),
      conv1_(options.channels, options.width / 2, 3, 2),
      conv2_(options.width / 2, options.width / 2, 3),
      conv3_(options.width / 2, options.width, 3),
      attnpool_(options.image_size / kLeastSide, 32 * options.width, options.heads, options.embed_dim) {
  int64_t in = options.width, planes = options.width;
  for (size_t layer = 0; layer < options.layers.size(); ++layer, planes *= 2) {
    for (int64_t j = 0; j < options.layers[layer]; ++j) {
      blocks_.emplace_back(in, planes, layer > 0 && j == 0 ? 2 : 1);
      block_names_.push_back(fmt::format("layer{}.{}", layer + 1, j));
      in = 4 * planes;
    }
  }
  count_macs(options.image_size);
}

void ModifiedResnet::count_macs(int64_t image_size) {
  int64_t pixels = image_size / 2 * (image_size / 2);
  macs_.push_back(conv1_.macs(pixels) + conv2_.macs(pixels) + conv3_.macs(pixels));
  pixels /= 4;
  for (const Bottleneck& block : blocks_) {
    macs_.push_back(block.macs(pixels));
    pixels /= block.stride * block.stride;
  }
  const int64_t tokens = 1 + pixels, width = attnpool_.q_proj.weight.size(0);
  macs_.push_back((1 + 2 * tokens) * width * width + 2 * tokens * width);  // one query
  macs_.push_back(attnpool_.c_proj.weight.numel());
}

std::vector<Stage> ModifiedResnet::stages() const {
  std::vector<Stage> stages(static_cast<size_t>(stage_count()));
  NamedTensors& stem = stages.front().parameters;
  stages.front().name = "stem";
  stem.push_back({"visual.conv1.weight", conv1_.weight});
  conv1_.norm.list("visual.bn1", stem);
  stem.push_back({"visual.conv2.weight", conv2_.weight});
  conv2_.norm.list("visual.bn2", stem);
  stem.push_back({"visual.conv3.weight", conv3_.weight});
  conv3_.norm.list("visual.bn3", stem);
  for (size_t k = 0; k < blocks_.size(); ++k) {
    stages[k + 1].name = block_names_[k];
    blocks_[k].list("visual." + block_names_[k], stages[k + 1].parameters);
  }
  Stage& pool = stages[blocks_.size() + 1];
  pool = {"attnpool", {{"visual.attnpool.positional_embedding", attnpool_.positional_embedding}}};
  attnpool_.q_proj.list("visual.attnpool.q_proj", pool.parameters);
  attnpool_.k_proj.list("visual.attnpool.k_proj", pool.parameters);
  attnpool_.v_proj.list("visual.attnpool.v_proj", pool.parameters);
  stages.back().name = "projection";
  attnpool_.c_proj.list("visual.attnpool.c_proj", stages.back().parameters);
  return stages;
}

at::Tensor ModifiedResnet::stem(const at::Tensor& images, const StageContext& context) const {
  if (images.size(1) != channels_ || images.size(2) < kLeastSide || images.size(3) < kLeastSide) {
    throw std::invalid_argument(
        fmt::format("[model] expected images [B, {}, H, W] with sides of at least {}; got {} x {} x {}",
                    channels_, kLeastSide, images.size(1), images.size(2), images.size(3)));
  }
  const at::Tensor x = images.contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor inner = conv2_(conv1_(x, context).relu_(), context).relu_();
  return average(conv3_(inner, context).relu_(), 2);
}

at::Tensor ModifiedResnet::run(int64_t stage, const at::Tensor& x, const StageContext& context) const {
  if (stage == 0) return stem(x, context);
  if (stage == stage_count() - 2) return attnpool_.gather(x, context);
  if (stage == stage_count() - 1) return attnpool_.project(x, context);
  return blocks_[static_cast<size_t>(stage - 1)](x, context);
}

}  // namespace repbench
