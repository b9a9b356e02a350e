#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "reports/record.h"

// What features say of themselves, without labels. All take [N, D] float, finite, N of at least 2, and
// compute in float64 unless said; spectra come from the smaller of the two matrices of inner products, where
// a value below rounding (1e-15 of the largest, times its size) counts as 0. Where nothing varies a rank is
// 0. Throw std::invalid_argument for other shapes and values that are not finite.

namespace repbench {

/// RankMe (Garrido et al. 2023, equation 1): exp(-sum p_k ln p_k), p_k = sigma_k / sum sigma + 1e-7, over the
/// min(N, D) singular values of the features, not centred.
double rankme(const at::Tensor& features);

/// The same with its 95 % interval from a jackknife over 10 groups of rows (row i is in group i mod 10): the
/// noise of the sample; RankMe's own growth with N is no part of it.
struct RankEstimate {
  double value = 0, standard_error = 0;
  Interval interval;
};
RankEstimate rankme_with_error(const at::Tensor& features);

/// Eigenvalues of the features' covariance, as measures of how many directions vary.
struct CovarianceSpectrum {
  double effective_rank = 0;       // exp(-sum q ln q), q = lambda / sum lambda (Roy and Vetterli 2007)
  double participation_ratio = 0;  // (sum lambda)^2 / sum lambda^2
};
CovarianceSpectrum covariance_spectrum(const at::Tensor& features);

/// sqrt(D) times the mean over dimensions of the standard deviation of unit features: about 1 where they
/// spread over the sphere, 0 where they have collapsed (Chen and He 2021, section 4.1: their 1 / sqrt(d)).
double feature_std(const at::Tensor& features);

/// ln of the mean over pairs i < j of exp(-t |x_i - x_j|^2) of unit features (Wang and Isola 2020, equation
/// 7); inner products in float32.
double uniformity(const at::Tensor& features, double t = 2);

/// views [N, q, D], q of at least 2: of each picture the mean over pairs of its views of the squared distance
/// of their unit features (Wang and Isola 2020, equation 6, alpha 2). [N] float64.
at::Tensor alignments(const at::Tensor& views);

/// LiDAR (Thilak et al. 2024, section 3.2) of views [N, q, D]: exp(-sum p_i ln p_i), p_i = lambda_i / sum
/// lambda + 1e-7, over the D eigenvalues of W^-1/2 B W^-1/2: B the covariance of the pictures' means, W the
/// mean covariance of views around theirs plus 1e-4 on the diagonal.
double lidar(const at::Tensor& views);

}  // namespace repbench
