#pragma once

#include <cstdint>

#include "pretrain/tensors.h"

namespace repbench {

struct ClipWidths {
  int64_t vision_width, text_width, text_depth;
};

/// CLIP's initialisation under open_clip's names (its code; Radford et al. 2021, section 2.5 for the
/// temperature): the text tower and all embeddings normal at widths' scale; the image blocks as torch's own
/// layers start; norms 1 and 0; logit_scale ln(1 / 0.07). In a ResNet convolutions start as torch's, each
/// block's last norm at 0, and attention's pooling normal at the scale of its inputs. A stream a tensor,
/// keyed by (seed, name).
void initialise_clip(const NamedTensors& parameters, const ClipWidths& widths, uint64_t seed);

}  // namespace repbench
