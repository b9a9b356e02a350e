#include <cmath>

#include "pretrain/weights/format.h"

namespace repbench {

std::span<const WeightsFormat> weights_formats() {
  static constexpr WeightsFormat kFormats[] = {
      {"open_clip", "OpenAI's and open_clip's CLIPs, with a ViT or a ResNet", is_open_clip, read_open_clip},
      {"hf_clip", "Hugging Face's CLIPModel", is_hf_clip, read_hf_clip},
      {"hf_vit", "Hugging Face's ViT, ViTMAE, DeiT and Dinov2, with registers or without", is_hf_vit,
       read_hf_vit},
      {"timm", "timm's ViTs, and MAE's, DeiT's and DINOv2's own files", is_timm, read_timm},
  };
  return kFormats;
}

int64_t usual_heads(int64_t width) {
  constexpr std::pair<int64_t, int64_t> kOthers[] = {
      {1152, 16}, {1280, 16}, {1408, 16}, {1536, 24}, {1664, 16}};
  for (const auto& [its_width, heads] : kOthers) {
    if (width == its_width) return heads;
  }
  return width % 64 == 0 ? width / 64 : 0;
}

int64_t square_side(int64_t patches) {
  const auto side = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(patches))));
  return side * side == patches ? side : 0;
}

}  // namespace repbench
