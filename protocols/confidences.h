#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace repbench {

/// What softmax(logits / T) says of each example.
struct Confidences {
  std::vector<double> confidence;  // the highest probability
  std::vector<double> brier;       // sum over classes of (probability - 1 for the label's class)^2: 0 to 2
  std::vector<double> nll;         // -ln of the label's probability
};

/// logits [N, K] float, labels [N] int64 in 0 ... K-1. Throws std::invalid_argument for other shapes, logits
/// that are not finite, and a temperature that is not above 0.
Confidences confidences(const at::Tensor& logits, const at::Tensor& labels, double temperature = 1);

inline constexpr double kLeastTemperature = 0.01, kHighestTemperature = 100;

/// The temperature of least negative log-likelihood (Guo et al. 2017, section 4.2), found by Newton's method
/// on 1/T, in which the loss is convex; the nearer end of [0.01, 100] where it lies outside, as for examples
/// that are all right. Arguments as above.
double fit_temperature(const at::Tensor& logits, const at::Tensor& labels);

}  // namespace repbench
