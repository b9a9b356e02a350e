#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "files/json.h"
#include "files/tensor_file.h"

namespace repbench {

/// Of any dimension of a model: what is beyond is damage, and products of two such fit.
constexpr int64_t kLargestSize = 1'000'000'000;

/// Weights as they lie on the disk: one dictionary of tensors under its own names, and what stands beside it.
struct WeightsSource {
  std::filesystem::path path;  // of the file of tensors
  std::shared_ptr<const TensorFile> file;
  std::string group;   // the dictionary's path in the file: "", "model", "state_dict" ...
  std::string prefix;  // taken off the names that had it: "", "module." ...
  std::map<std::string, TensorView> tensors;  // by name without the prefix
  Json config;                                // the JSON file beside it that says what it is; null if none
  std::filesystem::path config_path;
  Json preprocessor;  // Hugging Face's preprocessor_config.json; null if none

  bool has(std::string_view name) const;
  bool has_prefix(std::string_view beginning) const;

  /// Size of dimension `axis` of a tensor. Throws std::invalid_argument naming file and tensor if there is no
  /// such.
  int64_t size(const std::string& name, size_t axis) const;

  /// One more than the largest N of names "BEGINNING.N.", or 0.
  int64_t count(std::string_view beginning) const;

  /// The numbers, flags and texts of the file itself: training arguments, metadata.
  const Json& notes() const { return file->notes(); }
};

/// Opens `path`: a file of tensors, or a folder with one (model.safetensors, pytorch_model.bin, their shard
/// index, open_clip_model.safetensors, open_clip_pytorch_model.bin). A configuration is looked for in
/// config.json and open_clip_config.json beside it and in NAME.config.json. If the file's name (or its
/// folder, as OpenAI's addresses have it) carries a sha256, the file must have it. Throws
/// std::invalid_argument or std::runtime_error naming the file.
WeightsSource open_weights(const std::filesystem::path& path);

/// All ways to see the file's dictionaries, the likely one first: known groups, then prefixes that wrappers
/// add. `group` names the only one that is wanted. Each is a copy of `source` with group, prefix and tensors
/// set.
std::vector<WeightsSource> readings_of(const WeightsSource& source, const std::optional<std::string>& group);

/// Is it what libraries call the weights in any folder: model.safetensors, pytorch_model.bin ...?
bool is_usual_name(std::string_view file_name);

}  // namespace repbench
