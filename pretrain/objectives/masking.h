#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace repbench {

/// Which patches an encoder sees. Mask polarity as in MAE: 0 kept, 1 removed.
struct Masking {
  at::Tensor ids_keep;     // [B, kept] int64, in order of the noise
  at::Tensor ids_restore;  // [B, N] int64: where each patch went in the shuffled order
  at::Tensor mask;         // [B, N] float
};

/// int(N * (1 - ratio)) in double, as Python computes it.
int64_t patches_kept(int64_t patches, double mask_ratio);

/// Uniform noise [B, N] for the examples of a batch, from (seed, epoch, example): independent of batch and
/// workers.
at::Tensor mask_noise(const std::vector<uint64_t>& keys, int64_t patches, uint64_t seed, int64_t epoch);

/// Keeps the patches with the smallest noise; equal noise: the lower index first (He et al. 2022, section 3).
Masking random_masking(const at::Tensor& noise, double mask_ratio);

}  // namespace repbench
