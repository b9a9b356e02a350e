#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "pretrain/encoder.h"
#include "pretrain/tensors.h"

// The pre-norm transformer block (Vaswani et al. 2017; Dosovitskiy et al. 2021), under timm's or open_clip's
// parameter names. The residual stream and every norm are fp32; operands of matrix products are in `compute`.

namespace repbench {

/// Of an MLP: exact GELU; x * sigmoid(1.702 x), OpenAI's; GELU by tanh; silu(x1) * x2 with x1, x2 the halves
/// of fc1's output (DINOv2 giant).
enum class Activation { gelu, quick_gelu, gelu_tanh, swiglu };

/// Throws std::invalid_argument listing the names, which are the enumerators'.
Activation activation_named(const std::string& name);

/// timm: norm1, attn.qkv.weight, attn.proj, norm2, mlp.fc1, mlp.fc2. open_clip: ln_1, attn.in_proj_weight,
/// attn.out_proj, ln_2, mlp.c_fc, mlp.c_proj. The tensors are alike.
enum class Naming { timm, open_clip };

struct Linear {
  at::Tensor weight;  // [out, in]
  at::Tensor bias;    // [out], or undefined

  Linear() = default;
  Linear(int64_t in, int64_t out, bool with_bias = true);
  /// x [..., in] of any dtype -> [..., out] in `compute`.
  at::Tensor operator()(const at::Tensor& x, at::ScalarType compute) const;
  void list(const std::string& prefix, NamedTensors& into) const;
};

struct LayerNorm {
  at::Tensor weight, bias;  // [D]
  double eps = 1e-6;

  LayerNorm() = default;
  LayerNorm(int64_t width, double epsilon);
  /// fp32 in, fp32 out.
  at::Tensor operator()(const at::Tensor& x) const;
  void list(const std::string& prefix, NamedTensors& into) const;
};

struct Attention {
  int64_t heads = 1;
  bool causal = false;  // a token sees itself and those before it
  Linear qkv;           // [3D, D]: queries, keys, values
  Linear proj;          // [D, D]

  Attention() = default;
  Attention(int64_t width, int64_t head_count, bool qkv_bias = true);
  /// x [B, N, D] -> [B, N, D].
  at::Tensor operator()(const at::Tensor& x, const StageContext& context) const;
  /// The attention weights [B, heads, N, N] fp32.
  at::Tensor weights(const at::Tensor& x, at::ScalarType compute) const;
  void list(const std::string& prefix, Naming naming, NamedTensors& into) const;
};

struct Mlp {
  Linear fc1, fc2;
  Activation activation = Activation::gelu;

  Mlp() = default;
  /// `hidden` is fc1's width; swiglu makes half of it.
  Mlp(int64_t width, int64_t hidden, Activation act);
  at::Tensor operator()(const at::Tensor& x, at::ScalarType compute) const;
  void list(const std::string& prefix, Naming naming, NamedTensors& into) const;
};

/// Width of an MLP, as timm and open_clip compute it: cut, not rounded. Exact where the ratio was made of two
/// widths.
int64_t mlp_width(int64_t width, double mlp_ratio);

struct BlockOptions {
  int64_t width = 0, heads = 1;
  double mlp_ratio = 4.0;  // MLP width / token width
  double eps = 1e-6;       // of the norms
  Activation activation = Activation::gelu;
  bool causal = false;
  bool qkv_bias = true;
  bool layer_scale = false;  // a factor a channel on both branches (Touvron et al. 2021, CaiT, section 2)
};

struct Block {
  LayerNorm norm1, norm2;
  Attention attn;
  Mlp mlp;
  at::Tensor ls1, ls2;  // [D], layer scale, or undefined

  Block() = default;
  explicit Block(const BlockOptions& options);
  /// The two halves; x [B, N, D] fp32. A block is attend, then transform. `keep` [B, 1, 1] is a factor on
  /// each example's branch; undefined: 1.
  at::Tensor attend(const at::Tensor& x, const StageContext& context, const at::Tensor& keep = {}) const;
  at::Tensor transform(const at::Tensor& x, const StageContext& context, const at::Tensor& keep = {}) const;
  /// norm1, attn and ls1; norm2, mlp and ls2.
  void list_attention(const std::string& prefix, NamedTensors& into, Naming naming = Naming::timm) const;
  void list_mlp(const std::string& prefix, NamedTensors& into, Naming naming = Naming::timm) const;

  /// Multiply-accumulates for one sequence of N tokens: 4 N D^2 + 2 N^2 D, and N D hidden for each of fc1,
  /// fc2.
  int64_t attention_macs(int64_t tokens) const;
  int64_t mlp_macs(int64_t tokens) const;
};

/// Blocks as stages of an encoder: two a block, `block.K.attention` and `block.K.mlp`.
struct Blocks {
  std::vector<Block> list;

  Blocks() = default;
  Blocks(int64_t depth, const BlockOptions& options);
  int64_t halves() const { return 2 * static_cast<int64_t>(list.size()); }
  at::Tensor run(int64_t half, const at::Tensor& x, const StageContext& context) const;
  int64_t macs(int64_t half, int64_t tokens) const;
  /// Appends the stages; parameters are named PREFIX.K...
  void add_stages(const std::string& prefix, Naming naming, std::vector<Stage>& stages) const;
  /// The attention weights [B, heads, N, N] of the last block, from the tokens before it.
  at::Tensor last_attention(const at::Tensor& x, at::ScalarType compute) const;
};

}  // namespace repbench
