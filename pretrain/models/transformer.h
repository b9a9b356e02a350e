#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "pretrain/encoder.h"
#include "pretrain/tensors.h"

// The pre-norm transformer block (Vaswani et al. 2017; Dosovitskiy et al. 2021), under timm's parameter
// names. The residual stream and every norm are fp32; operands of matrix products are in `compute`.

namespace repbench {

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
  Linear qkv;   // [3D, D]: queries, keys, values
  Linear proj;  // [D, D]

  Attention() = default;
  Attention(int64_t width, int64_t head_count);
  /// x [B, N, D] -> [B, N, D].
  at::Tensor operator()(const at::Tensor& x, const StageContext& context) const;
  /// The attention weights [B, heads, N, N] fp32.
  at::Tensor weights(const at::Tensor& x, at::ScalarType compute) const;
  void list(const std::string& prefix, NamedTensors& into) const;
};

struct Mlp {
  Linear fc1, fc2;

  Mlp() = default;
  Mlp(int64_t width, int64_t hidden);
  at::Tensor operator()(const at::Tensor& x, at::ScalarType compute) const;  // exact GELU between
  void list(const std::string& prefix, NamedTensors& into) const;
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
  void list_attention(const std::string& prefix, NamedTensors& into) const;  // norm1, attn
  void list_mlp(const std::string& prefix, NamedTensors& into) const;        // norm2, mlp

  /// Multiply-accumulates for one sequence of N tokens: 4 N D^2 + 2 N^2 D, and 2 N D hidden.
  int64_t attention_macs(int64_t tokens) const;
  int64_t mlp_macs(int64_t tokens) const;
};

/// Fixed two-dimensional sine-cosine positions [1, 1 + grid^2, width] fp32, zeros for the class token;
/// computed in float64. The first half of the channels encodes the column, each half as [sin | cos] (MAE,
/// `pos_embed`).
at::Tensor sincos_positions(int64_t width, int64_t grid);

/// Patch positions resampled to another grid: class row kept, bicubic, no antialias (MAE fine-tuning).
at::Tensor interpolate_positions(const at::Tensor& positions, int64_t grid_height, int64_t grid_width);

}  // namespace repbench
