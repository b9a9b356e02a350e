#include "protocols/solvers/rotated_features.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <tuple>

namespace repbench {
namespace {

template <typename Work>
void for_each_block(int64_t n, int64_t rows, const Work& work) {
  for (int64_t begin = 0; begin < n; begin += rows) work(begin, std::min(rows, n - begin));
}

at::Tensor mean_row(const at::Tensor& features, int64_t block) {
  at::Tensor sum = at::zeros({features.size(1)}, features.options().dtype(at::kDouble));
  for_each_block(features.size(0), block, [&](int64_t begin, int64_t count) {
    sum.add_(features.narrow(0, begin, count).to(at::kDouble).sum(0));
  });
  return sum.div_(features.size(0));
}

/// The axes need not be exact, only orthonormal: the features' own precision will do for the covariance.
at::Tensor principal_axes(const at::Tensor& features, const at::Tensor& mean, int64_t block) {
  const at::Tensor offset = mean.to(features.scalar_type());
  at::Tensor covariance = at::zeros({mean.size(0), mean.size(0)}, mean.options());
  for_each_block(features.size(0), block, [&](int64_t begin, int64_t count) {
    const at::Tensor rows = features.narrow(0, begin, count) - offset;
    covariance.add_(at::mm(rows.t(), rows));
  });
  return std::get<1>(at::linalg_eigh(covariance));
}

/// Orthonormal axes [D, N] of the space of fewer examples than dimensions, `centred` [N, D]. The Gram matrix
/// is quick, but squares the condition number: only where it is well conditioned, and corrected once, so that
/// what is left of an error of 1e-8 is its square. Else QR.
at::Tensor axes_of_span(const at::Tensor& centred) {
  const int64_t n = centred.size(0);
  const auto [values, vectors] = at::linalg_eigh(at::mm(centred, centred.t()));
  // The first is the direction of (1, ..., 1), which centring took away.
  const bool well_conditioned = n > 1 && values[1].item<double>() > 1e-8 * values[n - 1].item<double>();
  if (well_conditioned) {
    const at::Tensor scaled = vectors.narrow(1, 1, n - 1) / values.narrow(0, 1, n - 1).sqrt();
    const at::Tensor rough = at::mm(centred.t(), scaled);
    const at::Tensor error = at::mm(rough.t(), rough);
    at::Tensor axes = at::zeros({centred.size(1), n}, centred.options());
    at::Tensor part = axes.narrow(1, 1, n - 1);
    at::sub_out(part, 1.5 * rough, at::mm(rough, error), 0.5);  // Newton's and Schulz's step
    return axes;
  }
  const auto [basis, triangle] = at::linalg_qr(centred.t());
  const at::Tensor inner = std::get<1>(at::linalg_eigh(at::mm(triangle, triangle.t())));
  return at::mm(basis, inner);
}

}  // namespace

int64_t rows_per_block(int64_t width) { return std::clamp<int64_t>((1 << 20) / width, 256, 8192); }

at::Tensor RotatedFeatures::weight(const at::Tensor& parameters) const {
  return at::matmul(parameters.narrow(2, 0, axes.size(1)), axes.t());
}

at::Tensor RotatedFeatures::bias(const at::Tensor& parameters) const {
  return parameters.select(2, axes.size(1)) - at::matmul(weight(parameters), mean);
}

at::Tensor RotatedFeatures::weight_gradient(const at::Tensor& gradients) const {
  return weight(gradients) + gradients.narrow(2, axes.size(1), 1) * mean;
}

RotatedFeatures rotate_features(const at::Tensor& features) {
  const int64_t n = features.size(0), d = features.size(1), block = rows_per_block(d);
  RotatedFeatures result;
  result.mean = mean_row(features, block);
  result.mean_norm = result.mean.norm().item<double>();
  if (n < d) {
    result.axes = axes_of_span(features.to(at::kDouble) - result.mean);
  } else {
    result.axes = principal_axes(features, result.mean, block);
  }
  const int64_t r = result.axes.size(1);
  result.rows = at::ones({n, r + 1}, result.mean.options());
  for_each_block(n, block, [&](int64_t begin, int64_t count) {
    const at::Tensor centred = features.narrow(0, begin, count).to(at::kDouble) - result.mean;
    result.rows.narrow(0, begin, count).narrow(1, 0, r).copy_(at::mm(centred, result.axes));
  });
  result.variance = result.rows.narrow(1, 0, r).square().mean(0);
  return result;
}

}  // namespace repbench
