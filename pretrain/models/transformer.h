#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "pretrain/encoder.h"
#include "pretrain/tensors.h"

// The pre-norm transformer block (Vaswani et al. 2017; Dosovitskiy et al. 2021), under timm's or open_clip's
// parameter names. The residual stream and every norm are fp32; operands of matrix products are in `compute`.

namespace repbench {

enum class Activation { gelu, quick_gelu };  // exact GELU; x * sigmoid(1.702 x), OpenAI's

/// timm: norm1, attn.qkv.weight, attn.proj, norm2, mlp.fc1, mlp.fc2. open_clip: ln_1, attn.in_proj_weight,
/// attn.out_proj, ln_2, mlp.c_fc, mlp.c_proj. The tensors are alike.
enum class Naming { timm, open_clip };

struct Linear {
  at::Tensor weight;  // [out, in]
  at::Tensor bias;    // [out]

  Linear() = default;
  Linear(int64_t in, int64_t out);
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
  Attention(int64_t width, int64_t head_count);
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
  Mlp(int64_t width, int64_t hidden);
  at::Tensor operator()(const at::Tensor& x, at::ScalarType compute) const;
  void list(const std::string& prefix, Naming naming, NamedTensors& into) const;
};

struct Block {
  LayerNorm norm1, norm2;
  Attention attn;
  Mlp mlp;

  Block() = default;
  Block(int64_t width, int64_t heads, double mlp_ratio, double eps);
  /// The two halves; x [B, N, D] fp32. A block is attend, then transform.
  at::Tensor attend(const at::Tensor& x, const StageContext& context) const;
  at::Tensor transform(const at::Tensor& x, const StageContext& context) const;
  /// norm1 and attn; norm2 and mlp.
  void list_attention(const std::string& prefix, NamedTensors& into, Naming naming = Naming::timm) const;
  void list_mlp(const std::string& prefix, NamedTensors& into, Naming naming = Naming::timm) const;

  /// Multiply-accumulates for one sequence of N tokens: 4 N D^2 + 2 N^2 D, and 2 N D hidden.
  int64_t attention_macs(int64_t tokens) const;
  int64_t mlp_macs(int64_t tokens) const;
};

/// Patches of images [B, C, H, W] times a projection [D, C, p, p]: [B, H / p, W / p, D] fp32. `bias` may be
/// undefined. Throws std::invalid_argument if channels or sides do not fit.
at::Tensor project_patches(const at::Tensor& images, const Linear& projection, at::ScalarType compute);

/// Fixed two-dimensional sine-cosine positions [1, 1 + grid^2, width] fp32, zeros for the class token;
/// computed in float64. The first half of the channels encodes the column, each half as [sin | cos] (MAE,
/// `pos_embed`).
at::Tensor sincos_positions(int64_t width, int64_t grid);

/// Patch positions resampled to another grid: class row kept, bicubic, no antialias (MAE fine-tuning).
at::Tensor interpolate_positions(const at::Tensor& positions, int64_t grid_height, int64_t grid_width);

}  // namespace repbench
