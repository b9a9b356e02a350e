#include "pretrain/objective.h"
#include "pretrain/objectives/clip.h"
#include "pretrain/objectives/mae.h"

namespace repbench {

std::span<const ObjectiveKind> objective_kinds() {
  static constexpr ObjectiveKind kKinds[] = {
      {"mae", "masked autoencoder (He et al. 2022): predict the pixels of removed patches", make_mae_recipe},
      {"clip", "contrastive picture-text pretraining (Radford et al. 2021)", make_clip_recipe},
  };
  return kKinds;
}

}  // namespace repbench
