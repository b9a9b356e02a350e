#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "pretrain/weights/format.h"

namespace repbench {

std::span<const WeightsFormat> weights_formats() {
  constexpr auto is_vit = [](const Encoder& encoder) { return encoder.kind() == "vit"; };
  constexpr auto is_clip_vit = [](const Encoder& encoder) { return encoder.kind() == "clip"; };
  constexpr auto is_clip = [](const Encoder& encoder) { return encoder.kind().starts_with("clip"); };
  static constexpr WeightsFormat kFormats[] = {
      {"open_clip", "OpenAI's and open_clip's CLIPs, with a ViT or a ResNet", is_open_clip, read_open_clip,
       "open_clip", is_clip, write_open_clip},
      {"hf_clip", "Hugging Face's CLIPModel", is_hf_clip, read_hf_clip, "hf", is_clip_vit, write_hf_clip},
      {"hf_vit", "Hugging Face's ViT, ViTMAE, DeiT and Dinov2, with registers or without", is_hf_vit,
       read_hf_vit, "hf", is_vit, write_hf_vit},
      {"timm", "timm's ViTs, and MAE's, DeiT's and DINOv2's own files", is_timm, read_timm, "timm", is_vit,
       write_timm},
  };
  return kFormats;
}

void expect_for_export(bool holds, std::string_view target, std::string_view what) {
  if (!holds) throw std::invalid_argument(fmt::format("[convert] {} has no such model: {}", target, what));
}

NamedTensors tensors_for_export(const Encoder& encoder, std::span<const Renaming> names) {
  const NamedTensors parameters = encoder.parameters();
  return their_tensors(parameters, name_rules(parameters, names));
}

double transformer_elements(int64_t width, int64_t depth, double mlp_ratio, int64_t rows) {
  const auto d = static_cast<double>(width);
  return static_cast<double>(depth) * d * d * (4 + 2 * mlp_ratio) + static_cast<double>(rows) * d;
}

void guess_heads(int64_t width, int64_t told, const std::string& key, int64_t& heads,
                 WeightsReading& reading) {
  heads = told > 0 ? told : usual_heads(width);
  if (told > 0) return;
  if (heads > 0) {
    reading.guess(
        {key}, fmt::format("{}: {} are assumed, as is usual for the width {}; the weights do not tell", key,
                           heads, width));
    return;
  }
  heads = 1;
  reading.untold.push_back(key);
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
