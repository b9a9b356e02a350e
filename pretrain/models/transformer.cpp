#include "pretrain/models/transformer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "datasets/random.h"
#include "files/nearest.h"
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

at::Tensor add_branch(const at::Tensor& x, const at::Tensor& branch, const at::Tensor& layer_scale,
                      const at::Tensor& keep) {
  const at::Tensor scaled = layer_scale.defined() ? branch * layer_scale : branch;
  return x + (keep.defined() ? scaled * keep : scaled);
}

/// Factors [B, 1, 1] on the examples' branches; undefined where none can be left out. Number `half` of an
/// example's stream decides, so that a pass over some of the blocks draws what a whole one would.
at::Tensor kept_branches(int64_t half, int64_t depth, const at::Tensor& x, const StageContext& context) {
  const DropPath* drop = context.training ? context.drop_path : nullptr;
  if (drop == nullptr || depth < 2) return {};
  const int64_t block = half / 2;
  const double rate = drop->rate * static_cast<double>(block) / static_cast<double>(depth - 1);
  if (rate <= 0) return {};
  if (std::ssize(drop->keys) != x.size(0)) {
    throw std::logic_error(
        fmt::format("[model] drop_path: expected {} keys; got {}", x.size(0), drop->keys.size()));
  }
  const at::Tensor keep = at::empty({x.size(0), 1, 1}, at::kFloat);
  for (size_t i = 0; i < drop->keys.size(); ++i) {
    RandomStream stream(drop->seed, Purpose::drop_path, drop->step, drop->keys[i]);
    for (int64_t skipped = 0; skipped < half; ++skipped) stream.uniform();
    keep.mutable_data_ptr<float>()[i] = static_cast<float>(stream.uniform() < rate ? 0 : 1 / (1 - rate));
  }
  return keep.to(x.device());
}

}  // namespace

Activation activation_named(const std::string& name) {
  static const std::vector<std::string> names = {"gelu", "quick_gelu", "gelu_tanh", "swiglu"};
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) fail_unknown_name("model", "an activation", name, names);
  return static_cast<Activation>(found - names.begin());
}

Linear::Linear(int64_t in, int64_t out, bool with_bias) : weight(at::zeros({out, in})) {
  if (with_bias) bias = at::zeros({out});
}

at::Tensor Linear::operator()(const at::Tensor& x, at::ScalarType compute) const {
  return at::linear(x.to(compute), weight.to(compute), bias.defined() ? bias.to(compute) : at::Tensor());
}

void Linear::list(const std::string& prefix, NamedTensors& into) const {
  into.push_back({prefix + ".weight", weight});
  if (bias.defined()) into.push_back({prefix + ".bias", bias});
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

Attention::Attention(int64_t width, int64_t head_count, bool qkv_bias)
    : heads(head_count), qkv(width, 3 * width, qkv_bias), proj(width, width) {
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
    if (qkv.bias.defined()) into.push_back({prefix + ".in_proj_bias", qkv.bias});
  }
  proj.list(prefix + (naming == Naming::timm ? ".proj" : ".out_proj"), into);
}

Mlp::Mlp(int64_t width, int64_t hidden, Activation act)
    : fc1(width, hidden), fc2(act == Activation::swiglu ? hidden / 2 : hidden, width), activation(act) {}

at::Tensor Mlp::operator()(const at::Tensor& x, at::ScalarType compute) const {
  const at::Tensor hidden = fc1(x, compute);
  switch (activation) {
    case Activation::gelu:
      return fc2(at::gelu(hidden), compute);
    case Activation::quick_gelu:
      return fc2(hidden * at::sigmoid(1.702 * hidden), compute);
    case Activation::gelu_tanh:
      return fc2(at::gelu(hidden, "tanh"), compute);
    case Activation::swiglu: {
      const std::vector<at::Tensor> halves = hidden.chunk(2, -1);
      return fc2(at::silu(halves[0]) * halves[1], compute);
    }
  }
  throw std::logic_error("[model] unknown activation");
}

void Mlp::list(const std::string& prefix, Naming naming, NamedTensors& into) const {
  fc1.list(prefix + (naming == Naming::timm ? ".fc1" : ".c_fc"), into);
  fc2.list(prefix + (naming == Naming::timm ? ".fc2" : ".c_proj"), into);
}

int64_t mlp_width(int64_t width, double mlp_ratio) {
  constexpr double kRoundOff = 1e-6;
  return static_cast<int64_t>(static_cast<double>(width) * mlp_ratio + kRoundOff);
}

Block::Block(const BlockOptions& options)
    : norm1(options.width, options.eps),
      norm2(options.width, options.eps),
      attn(options.width, options.heads, options.qkv_bias),
      mlp(options.width, mlp_width(options.width, options.mlp_ratio), options.activation) {
  attn.causal = options.causal;
  if (options.layer_scale) {
    ls1 = at::ones({options.width});
    ls2 = at::ones({options.width});
  }
}

at::Tensor Block::attend(const at::Tensor& x, const StageContext& context, const at::Tensor& keep) const {
  return add_branch(x, attn(norm1(x), context), ls1, keep);
}

at::Tensor Block::transform(const at::Tensor& x, const StageContext& context, const at::Tensor& keep) const {
  return add_branch(x, mlp(norm2(x), context.compute), ls2, keep);
}

void Block::list_attention(const std::string& prefix, NamedTensors& into, Naming naming) const {
  norm1.list(prefix + (naming == Naming::timm ? ".norm1" : ".ln_1"), into);
  attn.list(prefix + ".attn", naming, into);
  if (ls1.defined()) into.push_back({prefix + (naming == Naming::timm ? ".ls1.gamma" : ".ls_1.gamma"), ls1});
}

void Block::list_mlp(const std::string& prefix, NamedTensors& into, Naming naming) const {
  norm2.list(prefix + (naming == Naming::timm ? ".norm2" : ".ln_2"), into);
  mlp.list(prefix + ".mlp", naming, into);
  if (ls2.defined()) into.push_back({prefix + (naming == Naming::timm ? ".ls2.gamma" : ".ls_2.gamma"), ls2});
}

int64_t Block::attention_macs(int64_t tokens) const {
  const int64_t width = norm1.weight.size(0);
  return 4 * tokens * width * width + 2 * tokens * tokens * width;
}

int64_t Block::mlp_macs(int64_t tokens) const {
  return tokens * (mlp.fc1.weight.numel() + mlp.fc2.weight.numel());
}

Blocks::Blocks(int64_t depth, const BlockOptions& options) {
  for (int64_t k = 0; k < depth; ++k) list.emplace_back(options);
}

at::Tensor Blocks::run(int64_t half, const at::Tensor& x, const StageContext& context) const {
  const Block& block = list[static_cast<size_t>(half / 2)];
  const at::Tensor keep = kept_branches(half, static_cast<int64_t>(list.size()), x, context);
  return half % 2 == 0 ? block.attend(x, context, keep) : block.transform(x, context, keep);
}

int64_t Blocks::macs(int64_t half, int64_t tokens) const {
  const Block& block = list[static_cast<size_t>(half / 2)];
  return half % 2 == 0 ? block.attention_macs(tokens) : block.mlp_macs(tokens);
}

void Blocks::add_stages(const std::string& prefix, Naming naming, std::vector<Stage>& stages) const {
  for (size_t k = 0; k < list.size(); ++k) {
    const std::string name = fmt::format("{}.{}", prefix, k);
    stages.push_back({fmt::format("block.{}.attention", k), {}});
    list[k].list_attention(name, stages.back().parameters, naming);
    stages.push_back({fmt::format("block.{}.mlp", k), {}});
    list[k].list_mlp(name, stages.back().parameters, naming);
  }
}

at::Tensor Blocks::last_attention(const at::Tensor& x, at::ScalarType compute) const {
  return list.back().attn.weights(list.back().norm1(x), compute);
}

}  // namespace repbench
