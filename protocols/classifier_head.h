#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "pretrain/models/transformer.h"

namespace repbench {

/// Of the pooled feature, before the linear layer: a batch norm without affine parameters (momentum 0.1,
/// epsilon 1e-6), as in MAE's linear probing (He et al. 2022, appendix A.1), with which the layer learns at
/// one rate whatever the encoder's scale; nothing; or a trained layer norm (epsilon 1e-6) in place of the
/// encoder's final one, as in MAE's fine-tuning with global pooling.
enum class HeadNorm { batch, none, fc_norm };

/// The enumerators' names.
const std::vector<std::string>& head_norms();

/// Throws std::invalid_argument listing the names.
HeadNorm head_norm_named(const std::string& name);

struct ClassifierHeadOptions {
  HeadNorm norm = HeadNorm::batch;
  double std = 0.01;  // of the first weights
  int64_t width = 0, classes = 0;
  uint64_t seed = 0;
};

/// What turns a pooled feature into class scores. Weights are drawn from N(0, std^2) by the seed alone,
/// biases are 0.
class ClassifierHead {
 public:
  ClassifierHead() = default;
  explicit ClassifierHead(const ClassifierHeadOptions& options);

  /// [B, D] -> [B, K] fp32. While training, the batch's own statistics serve and move the kept ones.
  at::Tensor operator()(const at::Tensor& pooled, bool training) const;

  /// fc_norm.weight, fc_norm.bias (where there is one), head.weight [K, D], head.bias [K].
  NamedTensors trained() const;

  /// The batch norm's, head_norm.running_mean and head_norm.running_var [D]; empty where there is none.
  NamedTensors statistics() const;

  /// Weight [K, D] and bias [K], float64 on the CPU, of the linear map that this head is once trained. Throws
  /// std::logic_error for fc_norm, with which it is none.
  std::pair<at::Tensor, at::Tensor> folded() const;

 private:
  HeadNorm norm_ = HeadNorm::none;
  Linear linear_;
  LayerNorm fc_norm_;
  at::Tensor running_mean_, running_var_;
};

}  // namespace repbench
