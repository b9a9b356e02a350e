#pragma once

#include "pretrain/models/clip_resnet.h"

namespace repbench {

/// The golden file's: pictures of 64 x 64, a last map of 2 x 2 with 64 channels, texts of twelve tokens.
inline ClipResnetOptions tiny_clip_resnet_options() {
  ClipResnetOptions options;
  options.image_size = 64;
  options.layers = {1, 2, 1, 1};
  options.width = 2;
  options.heads = 4;
  options.embed_dim = 12;
  options.text = {.context_length = 12, .width = 8, .depth = 1, .heads = 2};
  return options;
}

}  // namespace repbench
