#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pretrain/checkpoint.h"

namespace repbench {

/// What a user may say about weights that do not say it themselves.
struct WeightsOptions {
  /// Patterns of the file's names that may be absent, "*" for any text: these stay as initialised.
  std::vector<std::string> allow_missing = {};
  /// KEY=VALUE: a key of the encoder's configuration (heads, activation ...), or input.mean, input.std,
  /// input.view.
  std::vector<std::string> assume = {};
  /// The dictionary of the file to read ("model_ema"); else the likely one.
  std::optional<std::string> group = {};
};

/// One of our checkpoints, or weights made elsewhere: a file or folder in any format of weights_formats().
/// fp16 and bf16 become fp32. The result's `config` has `encoder`, `model`, `input` as a checkpoint's, and
/// `weights`: format, file format, group, names left out and missing, what was assumed. Strict: throws
/// std::invalid_argument or std::runtime_error naming the file, and the names that are missing, unexpected or
/// of another shape.
LoadedEncoder open_encoder(const std::filesystem::path& path, const WeightsOptions& options = {});

}  // namespace repbench
