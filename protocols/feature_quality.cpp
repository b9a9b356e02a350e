#include "protocols/feature_quality.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "protocols/solvers/checks.h"
#include "reports/statistics/intervals.h"

namespace repbench {
namespace {

constexpr double kEpsilon = 1e-7;  // added to each share, as RankMe and LiDAR do

at::Tensor checked(const at::Tensor& features, int64_t dimensions, const char* shape) {
  if (!features.defined() || features.dim() != dimensions || features.numel() == 0 ||
      !features.is_floating_point() || features.size(0) < 2)
    refuse("features", fmt::format("floating-point features {} with N of at least 2", shape),
           describe(features));
  if (!at::isfinite(features).all().item<bool>()) refuse("features", "finite features", "another");
  return features.to(at::kCPU, at::kDouble);
}

at::Tensor checked(const at::Tensor& features) { return checked(features, 2, "[N, D]"); }

/// The min(N, D) eigenvalues of rows' inner products, those of rounding as 0.
at::Tensor spectrum(const at::Tensor& rows) {
  const bool wide = rows.size(0) < rows.size(1);
  const at::Tensor values = at::linalg_eigvalsh(wide ? rows.mm(rows.t()) : rows.t().mm(rows));
  const double rounding = 1e-15 * static_cast<double>(values.numel()) * values.max().item<double>();
  return at::where(values > rounding, values, at::zeros_like(values));
}

/// exp of the entropy of values over their sum, each share `epsilon` larger; 0 where all are 0.
double entropy_rank(const at::Tensor& values, double epsilon) {
  const double sum = values.sum().item<double>();
  if (sum <= 0) return 0;
  const at::Tensor shares = values / sum + epsilon;
  return std::exp(-at::xlogy(shares, shares).sum().item<double>());
}

double rankme_of(const at::Tensor& rows) { return entropy_rank(spectrum(rows).sqrt(), kEpsilon); }

at::Tensor unit(const at::Tensor& rows) {
  return rows / rows.norm(2, at::IntArrayRef{-1}, /*keepdim=*/true).clamp_min(1e-12);
}

/// Rows but those of a group.
at::Tensor without_group(const at::Tensor& rows, int64_t group, int64_t groups) {
  std::vector<int64_t> kept;
  for (int64_t i = 0; i < rows.size(0); ++i) {
    if (i % groups != group) kept.push_back(i);
  }
  return rows.index_select(0, at::tensor(kept, at::kLong));
}

}  // namespace

double rankme(const at::Tensor& features) { return rankme_of(checked(features)); }

RankEstimate rankme_with_error(const at::Tensor& features) {
  constexpr int64_t kGroups = 10;
  const at::Tensor rows = checked(features);
  const int64_t groups = std::min(kGroups, rows.size(0));
  std::vector<double> values;
  for (int64_t group = 0; group < groups; ++group)
    values.push_back(rankme_of(without_group(rows, group, groups)));
  const double deviation = mean_and_deviation(values).standard_deviation;
  const double count = static_cast<double>(groups);
  RankEstimate estimate;
  estimate.value = rankme_of(rows);
  estimate.standard_error = deviation * (count - 1) / std::sqrt(count);
  const double half = student_t_quantile(0.975, groups - 1) * estimate.standard_error;
  estimate.interval = {std::max(0.0, estimate.value - half), estimate.value + half};
  return estimate;
}

CovarianceSpectrum covariance_spectrum(const at::Tensor& features) {
  const at::Tensor rows = checked(features);
  const at::Tensor values = spectrum(rows - rows.mean(at::IntArrayRef{0}, /*keepdim=*/true));
  const double sum = values.sum().item<double>(), squares = values.square().sum().item<double>();
  return {entropy_rank(values, 0), squares > 0 ? sum * sum / squares : 0};
}

double feature_std(const at::Tensor& features) {
  const at::Tensor rows = unit(checked(features));
  const double width = static_cast<double>(rows.size(1));
  const double mean = rows.std(at::IntArrayRef{0}, /*unbiased=*/false).mean().item<double>();
  return std::min(1.0, std::sqrt(width) * mean);  // more is rounding
}

double uniformity(const at::Tensor& features, double t) {
  constexpr int64_t kRows = 1024;  // at once
  const at::Tensor rows = unit(checked(features)).to(at::kFloat);
  const at::Tensor squares = rows.square().sum(at::IntArrayRef{1});  // 1, or 0 of a row of zeros
  const int64_t n = rows.size(0);
  double sum = 0;
  for (int64_t begin = 0; begin < n; begin += kRows) {
    const int64_t count = std::min(kRows, n - begin);
    const at::Tensor products = rows.narrow(0, begin, count).mm(rows.narrow(0, begin, n - begin).t());
    const at::Tensor squared = squares.narrow(0, begin, count).unsqueeze(1) +
                               squares.narrow(0, begin, n - begin).unsqueeze(0) - 2 * products;
    // Within the block each pair is met once above the diagonal; the rest of the row once, too.
    sum += at::triu((-t * squared.clamp_min(0)).exp(), 1).sum(at::kDouble).item<double>();
  }
  return std::log(sum / (static_cast<double>(n) * static_cast<double>(n - 1) / 2));
}

at::Tensor alignments(const at::Tensor& views) {
  const at::Tensor rows = unit(checked(views, 3, "[N, q, D]"));
  const double q = static_cast<double>(rows.size(1));
  if (rows.size(1) < 2) refuse("features", "at least two views", std::to_string(rows.size(1)));
  // The sum of squared distances over all pairs is q times that to the mean.
  const at::Tensor mean = rows.mean(at::IntArrayRef{1}, /*keepdim=*/true);
  return (rows - mean).square().sum(at::IntArrayRef{1, 2}) * (2 / (q - 1));
}

double lidar(const at::Tensor& views) {
  constexpr double kDelta = 1e-4;
  const at::Tensor rows = checked(views, 3, "[N, q, D]");
  const int64_t n = rows.size(0), q = rows.size(1), width = rows.size(2);
  const at::Tensor means = rows.mean(at::IntArrayRef{1}, /*keepdim=*/true);
  const at::Tensor around = (rows - means).reshape({n * q, width});
  const at::Tensor within =
      around.t().mm(around) / static_cast<double>(n * q) + kDelta * at::eye(width, rows.options());
  const at::Tensor centred = means.squeeze(1) - means.mean(at::IntArrayRef{0}).reshape({1, width});
  const at::Tensor lower = at::linalg_cholesky(within);
  const at::Tensor whitened = at::linalg_solve_triangular(lower, centred.t(), /*upper=*/false);
  const at::Tensor values = spectrum(whitened.t());  // min(N, D) of them, the others are 0
  return entropy_rank(at::constant_pad_nd(values, {0, width - values.numel()}), kEpsilon);
}

}  // namespace repbench
