#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "pretrain/models/transformer.h"

// How a picture becomes tokens with places.

namespace repbench {

/// Patches of images [B, C, H, W] times a projection [D, C, p, p]: [B, H / p, W / p, D] fp32. `bias` may be
/// undefined. Throws std::invalid_argument if channels or sides do not fit.
at::Tensor project_patches(const at::Tensor& images, const Linear& projection, at::ScalarType compute);

/// Fixed two-dimensional sine-cosine positions [1, 1 + grid^2, width] fp32, zeros for the class token;
/// computed in float64. The first half of the channels encodes the column, each half as [sin | cos] (MAE,
/// `pos_embed`).
at::Tensor sincos_positions(int64_t width, int64_t grid);

/// How positions are resampled to another grid. Origins differ: MAE's fine-tuning and Hugging Face: bicubic;
/// timm, open_clip and DINOv2 with registers: with antialias; DINOv2 without registers: bicubic by factors to
/// which it adds 0.1 of a patch.
enum class PositionResize { bicubic, antialias, dinov2 };

/// The names are the enumerators'.
PositionResize position_resize_named(const std::string& name);

/// Patch positions [1, P + N, D] of a square grid resampled to another one; the first `prefix` rows are kept.
at::Tensor interpolate_positions(const at::Tensor& positions, int64_t grid_height, int64_t grid_width,
                                 int64_t prefix = 1, PositionResize how = PositionResize::bicubic);

}  // namespace repbench
