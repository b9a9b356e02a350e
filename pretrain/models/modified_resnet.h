#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "pretrain/encoder.h"
#include "pretrain/models/transformer.h"
#include "pretrain/tensors.h"

// CLIP's residual network (Radford et al. 2021, section 2.4): ResNet-D's stem of three convolutions (He et
// al. 2019), pooling instead of strides (Zhang 2019) and attention in place of the last average. Names are
// open_clip's and OpenAI's. Batch norms always use their stored statistics, so this is a network for weights
// that exist; it is not pretrained here.

namespace repbench {

/// Over channels, by the stored statistics; epsilon 1e-5.
struct BatchNorm {
  at::Tensor weight, bias, running_mean, running_var;  // [C]
  at::Tensor num_batches_tracked;                      // [] int64: part of the state dict and of nothing else

  BatchNorm() = default;
  explicit BatchNorm(int64_t channels);
  void list(const std::string& prefix, NamedTensors& into) const;
};

/// A convolution without bias and its batch norm; padded to keep the size at stride 1.
struct NormedConvolution {
  at::Tensor weight;  // [out, in, k, k], channels last
  BatchNorm norm;
  int64_t stride = 1;

  NormedConvolution() = default;
  NormedConvolution(int64_t in, int64_t out, int64_t kernel, int64_t step = 1);
  /// x [B, in, H, W] -> [B, out, ceil(H / stride), ceil(W / stride)] fp32; the convolution's operands are in
  /// `compute`, the norm is fp32.
  at::Tensor operator()(const at::Tensor& x, const StageContext& context) const;
  int64_t macs(int64_t out_pixels) const { return weight.numel() * out_pixels; }
};

/// 1 x 1, 3 x 3, average pooling by `stride`, 1 x 1 to four times the planes; the shortcut is pooled and
/// projected where shapes differ.
struct Bottleneck {
  NormedConvolution conv1, conv2, conv3, downsample;  // the last undefined where the shortcut is the identity
  int64_t stride = 1;

  Bottleneck(int64_t in, int64_t planes, int64_t step);
  /// x [B, in, H, W] -> [B, 4 planes, H / stride, W / stride] fp32.
  at::Tensor operator()(const at::Tensor& x, const StageContext& context) const;
  void list(const std::string& prefix, NamedTensors& into) const;
  int64_t macs(int64_t in_pixels) const;
};

/// Multi-head attention whose one query is the mean of the map.
struct AttentionPool {
  int64_t heads = 1;
  at::Tensor positional_embedding;        // [1 + N, D], the mean's first
  Linear q_proj, k_proj, v_proj, c_proj;  // [D, D] and [E, D]

  AttentionPool(int64_t grid, int64_t width, int64_t head_count, int64_t embed_dim);
  /// Map x [B, D, H, W] -> what the heads gather [B, D] fp32. Positions are resampled to other maps (bicubic,
  /// antialias, the mean's kept), as open_clip does when it loads them.
  at::Tensor gather(const at::Tensor& x, const StageContext& context) const;
  /// [B, D] -> [B, E] fp32.
  at::Tensor project(const at::Tensor& x, const StageContext& context) const;
};

struct ModifiedResnetOptions {
  std::vector<int64_t> layers;  // blocks of each of the four
  int64_t image_size = 224, channels = 3;
  int64_t width = 64;  // of the stem; a map ends with 32 times as many channels
  int64_t heads = 32;
  int64_t embed_dim = 1024;
};

/// Stages: `stem`, `layer1.0` ... `layer4.J`, each [B, C, H, W]; `attnpool` [B, 32 width]; `projection`
/// [B, embed_dim]. All fp32.
class ModifiedResnet {
 public:
  /// Parameters are zero (batch norms: the identity) until filled.
  explicit ModifiedResnet(const ModifiedResnetOptions& options);

  std::vector<Stage> stages() const;
  int64_t stage_count() const { return static_cast<int64_t>(blocks_.size()) + 3; }
  /// Throws std::invalid_argument if the stem gets other channels, or sides below 32.
  at::Tensor run(int64_t stage, const at::Tensor& x, const StageContext& context) const;
  /// Multiply-accumulates of one picture of `image_size`.
  int64_t macs(int64_t stage) const { return macs_[static_cast<size_t>(stage)]; }

 private:
  at::Tensor stem(const at::Tensor& images, const StageContext& context) const;
  void count_macs(int64_t image_size);

  int64_t channels_;
  NormedConvolution conv1_, conv2_, conv3_;
  std::vector<Bottleneck> blocks_;
  std::vector<std::string> block_names_;  // layer1.0, ...
  AttentionPool attnpool_;
  std::vector<int64_t> macs_;
};

}  // namespace repbench
