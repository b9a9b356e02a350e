#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace repbench {

/// The training examples of one draw.
struct Support {
  at::Tensor features;  // [n, D] float32
  at::Tensor labels;    // [n] int64
};

/// Which classifier learns from them, and what "strengths" are: C of logistic, lambda of ridge (big_vision's
/// closed form), learning rates of text_init, nothing for nearest_mean (cosine with the mean of a class's
/// features of length 1).
struct ShotSettings {
  std::string classifier = "logistic";        // logistic, ridge, nearest_mean, text_init
  std::string normalisation = "standardise";  // of logistic's features (FeatureNorm)
  int64_t classes = 0;
  at::Tensor class_texts;    // [K, D] float32 of length 1: where text_init starts, times `scale`
  double scale = 100;        // on cosines
  int64_t text_steps = 100;  // of text_init
};

/// Scores [N, K] float64 of features [N, D] by the classifier of the m-th strength.
using ShotScores = std::function<at::Tensor(size_t m, const at::Tensor& features)>;

/// All supports (equal classifier, any sizes) and strengths as one batch; one a support. `unfinished` counts
/// the logistic fits that stopped before their tolerance.
///
/// text_init (Li et al. 2022, ELEVATER): softmax regression on features of length 1, started from the class
/// texts and no bias, by gradient descent with momentum 0.9 on the whole support: with few steps it stays
/// near zero-shot, where it began.
std::vector<ShotScores> fit_shots(const ShotSettings& settings, std::span<const Support> supports,
                                  const std::vector<double>& strengths, int64_t& unfinished);

}  // namespace repbench
