#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>

#include "pretrain/encoder.h"

namespace repbench {

/// Features of an encoder whose stages are patch, position, block.K.attention, block.K.mlp ..., norm and
/// maybe projection, in one pass. `attention` gives the last block's weights from the tokens before it.
/// Taps: cls, mean, cls+mean, tokens, each after the norm, as block:K:POOL after block K, or as
/// block:K:norm:POOL after block K and then the norm (DINO's and DINOv2's intermediate layers); attention;
/// and projected (the class token's), where there is a projection. Throws std::invalid_argument listing them.
std::map<std::string, at::Tensor> token_features(
    const Encoder& encoder, const at::Tensor& images, std::span<const std::string> taps,
    const StageContext& context, const std::function<at::Tensor(const at::Tensor& tokens)>& attention);

}  // namespace repbench
