#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "datasets/random.h"

// Mixup (Zhang et al., ICLR 2018) and CutMix (Yun et al., ICCV 2019) of a batch with its own reverse, as
// timm's Mixup in batch mode: after normalisation, on the device.

namespace repbench {

struct MixOptions {
  double mixup = 0.0;        // alpha of Beta(alpha, alpha); 0: never
  double cutmix = 0.0;       // the same for CutMix
  double probability = 1.0;  // of mixing a batch at all
  double switching = 0.5;    // of CutMix where both are on
  double label_smoothing = 0.0;

  bool mixes() const { return mixup > 0.0 || cutmix > 0.0; }
};

/// Throws std::invalid_argument "[mixing] expected ...; got ..." for an alpha below 0 or above 1000, or
/// another number outside [0, 1].
void check(const MixOptions& options);

/// What happens to one batch.
struct Mix {
  double share = 1.0;  // of each picture itself in its target; the rest is its partner's
  bool cut = false;    // CutMix: rows [top, bottom), columns [left, right) are the partner's
  int64_t top = 0, bottom = 0, left = 0, right = 0;
};

/// CutMix around a place: the rectangle's sides are the picture's times sqrt(1 - share), truncated; it is cut
/// off at the border, and the share corrected for that.
Mix cut_around(double share, int64_t row, int64_t column, int64_t height, int64_t width);

/// Draws whether, which and how much, then for CutMix the rectangle's centre (row, column).
Mix draw_mix(const MixOptions& options, int64_t height, int64_t width, RandomStream& stream);

/// Mixes float images [B, C, H, W] with their reverse along B; gives a new tensor (or the same one if share
/// is 1).
at::Tensor mix_images(const at::Tensor& images, const Mix& mix);

/// labels int64 [B] to float targets [B, classes] that sum to 1: smoothed one-hot rows, mixed with their
/// reverse.
at::Tensor mix_labels(const at::Tensor& labels, int64_t classes, double label_smoothing, const Mix& mix);

/// Mean over the batch of -sum(targets * log softmax(logits)); both [B, K], fp32.
at::Tensor soft_cross_entropy(const at::Tensor& logits, const at::Tensor& targets);

/// A number of Beta(alpha, alpha), alpha > 0: two gamma variates (Marsaglia and Tsang, 2000).
double draw_beta(double alpha, RandomStream& stream);

}  // namespace repbench
