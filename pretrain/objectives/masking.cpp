#include "pretrain/objectives/masking.h"

#include <ATen/ATen.h>

#include "datasets/random.h"

namespace repbench {

int64_t patches_kept(int64_t patches, double mask_ratio) {
  return static_cast<int64_t>(static_cast<double>(patches) * (1.0 - mask_ratio));
}

at::Tensor mask_noise(const std::vector<uint64_t>& keys, int64_t patches, uint64_t seed, int64_t epoch) {
  const at::Tensor noise = at::empty({static_cast<int64_t>(keys.size()), patches}, at::kFloat);
  float* out = noise.mutable_data_ptr<float>();
  for (const uint64_t key : keys) {
    RandomStream stream(seed, Purpose::mask, static_cast<uint64_t>(epoch), key);
    for (int64_t n = 0; n < patches; ++n) *out++ = static_cast<float>(stream.bits() >> 8) * 0x1p-24F;
  }
  return noise;
}

Masking random_masking(const at::Tensor& noise, double mask_ratio) {
  const int64_t patches = noise.size(1);
  const int64_t kept = patches_kept(patches, mask_ratio);
  const at::Tensor shuffle = std::get<1>(at::sort(noise, /*stable=*/true, /*dim=*/1, /*descending=*/false));
  const at::Tensor restore = at::argsort(shuffle, /*dim=*/int64_t{1}, /*descending=*/false);
  const at::Tensor mask = at::ones({noise.size(0), patches}, noise.options());
  mask.narrow(1, 0, kept).zero_();
  return {shuffle.narrow(1, 0, kept), restore, mask.gather(1, restore)};
}

}  // namespace repbench
