#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "pretrain/encoder.h"

namespace repbench {

/// What `export_weights` can write: timm, open_clip, hf.
std::vector<std::string> export_targets();

/// Writes a folder that the target's own library loads by its ordinary call; `label` names the weights in it.
/// An existing folder is not touched: throws std::invalid_argument then, and where the target has no such
/// model, saying what it lacks. Returns warnings: what the target cannot say.
std::vector<std::string> export_weights(const Encoder& encoder, std::string_view target,
                                        const std::filesystem::path& folder);

}  // namespace repbench
