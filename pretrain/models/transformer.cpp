#include "pretrain/models/transformer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "pretrain/execution.h"

namespace repbench {
namespace {

/// [B, N, 3D] -> q, k, v, each [B, heads, N, D / heads].
std::array<at::Tensor, 3> split_heads(const at::Tensor& qkv, int64_t heads) {
  const int64_t width = qkv.size(2) / 3;
  const at::Tensor parts =
      qkv.view({qkv.size(0), qkv.size(1), 3, heads, width / heads}).permute({2, 0, 3, 1, 4});
  return {parts[0], parts[1], parts[2]};
}

at::Tensor softmax_of_scores(const at::Tensor& q, const at::Tensor& k, bool causal) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(-1)));
  at::Tensor scores = at::matmul(q * scale, k.transpose(-2, -1));
  if (causal) {
    const at::Tensor future =
        at::ones({q.size(-2), k.size(-2)}, q.options().dtype(at::kBool)).triu_(/*diagonal=*/1);
    scores = scores.masked_fill(future, -std::numeric_limits<double>::infinity());
  }
  return at::softmax(scores, -1, at::kFloat);
}

}  // namespace

Linear::Linear(int64_t in, int64_t out) : weight(at::zeros({out, in})), bias(at::zeros({out})) {}

at::Tensor Linear::operator()(const at::Tensor& x, at::ScalarType compute) const {
  return at::linear(x.to(compute), weight.to(compute), bias.to(compute));
}

void Linear::list(const std::string& prefix, NamedTensors& into) const {
  into.push_back({prefix + ".weight", weight});
  into.push_back({prefix + ".bias", bias});
}

LayerNorm::LayerNorm(int64_t width, double epsilon)
    : weight(at::ones({width})), bias(at::zeros({width})), eps(epsilon) {}

at::Tensor LayerNorm::operator()(const at::Tensor& x) const {
  return at::layer_norm(x, {weight.size(0)}, weight, bias, eps);
}

void LayerNorm::list(const std::string& prefix, NamedTensors& into) const {
  into.push_back({prefix + ".weight", weight});
  into.push_back({prefix + ".bias", bias});
}

Attention::Attention(int64_t width, int64_t head_count)
    : heads(head_count), qkv(width, 3 * width), proj(width, width) {
  if (width % head_count != 0) {
    throw std::invalid_argument(
        fmt::format("[model] expected a width divisible by heads; got {} and {}", width, head_count));
  }
}

at::Tensor Attention::operator()(const at::Tensor& x, const StageContext& context) const {
  const auto [q, k, v] = split_heads(qkv(x, context.compute), heads);
  at::Tensor mixed;  // [B, heads, N, D / heads]
  if (attention_kernel(context.training, context.compute, x.size(1)) == AttentionKernel::flash) {
    mixed = at::scaled_dot_product_attention(q, k, v, {}, 0.0, causal);
  } else {
    mixed = at::matmul(softmax_of_scores(q, k, causal).to(context.compute), v);
  }
  return proj(mixed.transpose(1, 2).reshape(x.sizes()), context.compute);
}

at::Tensor Attention::weights(const at::Tensor& x, at::ScalarType compute) const {
  const auto [q, k, v] = split_heads(qkv(x, compute), heads);
  return softmax_of_scores(q, k, causal);
}

void Attention::list(const std::string& prefix, Naming naming, NamedTensors& into) const {
  if (naming == Naming::timm) {
    qkv.list(prefix + ".qkv", into);
  } else {
    into.push_back({prefix + ".in_proj_weight", qkv.weight});
    into.push_back({prefix + ".in_proj_bias", qkv.bias});
  }
  proj.list(prefix + (naming == Naming::timm ? ".proj" : ".out_proj"), into);
}

Mlp::Mlp(int64_t width, int64_t hidden) : fc1(width, hidden), fc2(hidden, width) {}

at::Tensor Mlp::operator()(const at::Tensor& x, at::ScalarType compute) const {
  const at::Tensor hidden = fc1(x, compute);
  const bool quick = activation == Activation::quick_gelu;
  return fc2(quick ? hidden * at::sigmoid(1.702 * hidden) : at::gelu(hidden), compute);
}

void Mlp::list(const std::string& prefix, Naming naming, NamedTensors& into) const {
  fc1.list(prefix + (naming == Naming::timm ? ".fc1" : ".c_fc"), into);
  fc2.list(prefix + (naming == Naming::timm ? ".fc2" : ".c_proj"), into);
}

Block::Block(int64_t width, int64_t heads, double mlp_ratio, double eps)
    : norm1(width, eps),
      norm2(width, eps),
      attn(width, heads),
      mlp(width, static_cast<int64_t>(static_cast<double>(width) * mlp_ratio)) {}

at::Tensor Block::attend(const at::Tensor& x, const StageContext& context) const {
  return x + attn(norm1(x), context);
}

at::Tensor Block::transform(const at::Tensor& x, const StageContext& context) const {
  return x + mlp(norm2(x), context.compute);
}

void Block::list_attention(const std::string& prefix, NamedTensors& into, Naming naming) const {
  norm1.list(prefix + (naming == Naming::timm ? ".norm1" : ".ln_1"), into);
  attn.list(prefix + ".attn", naming, into);
}

void Block::list_mlp(const std::string& prefix, NamedTensors& into, Naming naming) const {
  norm2.list(prefix + (naming == Naming::timm ? ".norm2" : ".ln_2"), into);
  mlp.list(prefix + ".mlp", naming, into);
}

int64_t Block::attention_macs(int64_t tokens) const {
  const int64_t width = norm1.weight.size(0);
  return 4 * tokens * width * width + 2 * tokens * tokens * width;
}

int64_t Block::mlp_macs(int64_t tokens) const {
  return 2 * tokens * norm1.weight.size(0) * mlp.fc1.weight.size(0);
}

at::Tensor project_patches(const at::Tensor& images, const Linear& projection, at::ScalarType compute) {
  const int64_t channels = projection.weight.size(1), p = projection.weight.size(2);
  const int64_t rows = images.size(2) / p, columns = images.size(3) / p;
  if (images.size(1) != channels || rows * p != images.size(2) || columns * p != images.size(3)) {
    throw std::invalid_argument(
        fmt::format("[model] expected images [B, {}, H, W] with sides divisible by {}; got {} x {} x {}",
                    channels, p, images.size(1), images.size(2), images.size(3)));
  }
  // A convolution of stride p is a matrix product on patches laid out as (channel, row, column).
  const at::Tensor patches = images.view({images.size(0), channels, rows, p, columns, p})
                                 .permute({0, 2, 4, 1, 3, 5})
                                 .reshape({images.size(0), rows, columns, channels * p * p});
  const at::Tensor bias = projection.bias.defined() ? projection.bias.to(compute) : at::Tensor();
  return at::linear(patches.to(compute), projection.weight.flatten(1).to(compute), bias).to(at::kFloat);
}

at::Tensor sincos_positions(int64_t width, int64_t grid) {
  if (width % 4 != 0) {
    throw std::invalid_argument(
        fmt::format("[model] expected a width divisible by 4 for sin-cos positions; got {}", width));
  }
  const at::TensorOptions f64(at::kDouble);
  const at::Tensor frequency =
      at::pow(10000.0, -at::arange(width / 4, f64) / (static_cast<double>(width) / 4.0));
  const at::Tensor steps = at::arange(grid, f64);
  const auto axis = [&](const at::Tensor& place) {
    const at::Tensor angle = place.reshape({-1, 1}) * frequency;
    return at::cat({angle.sin(), angle.cos()}, 1);
  };
  const at::Tensor columns = axis(steps.repeat({grid}));
  const at::Tensor rows = axis(steps.repeat_interleave(grid));
  const at::Tensor patches = at::cat({columns, rows}, 1).to(at::kFloat);
  return at::cat({at::zeros({1, width}), patches}, 0).unsqueeze(0);
}

at::Tensor interpolate_positions(const at::Tensor& positions, int64_t grid_height, int64_t grid_width) {
  const int64_t patches = positions.size(1) - 1;
  const auto grid = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(patches))));
  if (grid == grid_height && grid == grid_width) return positions;
  const at::Tensor rows = positions.narrow(1, 1, patches).reshape({1, grid, grid, -1}).permute({0, 3, 1, 2});
  const at::Tensor resampled = at::upsample_bicubic2d(rows, {grid_height, grid_width}, false);
  const at::Tensor flat = resampled.permute({0, 2, 3, 1}).reshape({1, grid_height * grid_width, -1});
  return at::cat({positions.narrow(1, 0, 1), flat}, 1);
}

}  // namespace repbench
