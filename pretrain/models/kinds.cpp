#include "pretrain/models/kinds.h"

namespace repbench {

std::span<const EncoderKind> encoder_kinds() {
  static constexpr EncoderKind kKinds[] = {
      {"vit", "Vision Transformer with a class token, any size; MAE's encoder", make_vit},
      {"clip", "CLIP's Vision Transformer and text transformer (Radford et al. 2021)", make_clip},
      {"clip_resnet", "CLIP's modified ResNet and text transformer; for judging weights", make_clip_resnet},
      {"raw_pixels", "control without a model: the pixels are the features", make_raw_pixels},
  };
  return kKinds;
}

}  // namespace repbench
