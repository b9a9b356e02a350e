#include "pretrain/weights/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <regex>
#include <stdexcept>

#include "files/hash.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

constexpr std::array kFilesOfAFolder = {"open_clip_model.safetensors", "open_clip_pytorch_model.bin",
                                        "model.safetensors",           "model.safetensors.index.json",
                                        "pytorch_model.bin",           "pytorch_model.bin.index.json"};

// Where training code keeps the weights that are used afterwards, the best first.
constexpr std::array kGroups = {"state_dict", "model", "model_state_dict", "module", "teacher",
                                "encoder",    ""};

constexpr std::array kPrefixes = {"",
                                  "module.",
                                  "model.",
                                  "_orig_mod.",
                                  "module._orig_mod.",
                                  "backbone.",
                                  "encoder.",
                                  "trunk.",
                                  "vit.",
                                  "module.backbone.",
                                  "dinov2.",
                                  "deit.",
                                  "student.",
                                  "dinov2_with_registers."};

fs::path file_of(const fs::path& path) {
  if (!fs::exists(path)) {
    throw std::invalid_argument(
        fmt::format("[weights] {}: expected a checkpoint, or weights made elsewhere; found nothing there",
                    path.string()));
  }
  if (!fs::is_directory(path)) return path;
  for (const char* name : kFilesOfAFolder) {
    if (fs::exists(path / name)) return path / name;
  }
  throw std::invalid_argument(fmt::format(
      "[weights] {}: expected a checkpoint (config.json, or a run with a file 'latest') or a folder with "
      "model.safetensors, pytorch_model.bin, open_clip_model.safetensors or their like; found none",
      path.string()));
}

/// "clip_tiny" of "clip_tiny.torchscript.pt".
std::string stem_of(const fs::path& file) {
  const std::string name = file.filename().string();
  return name.substr(0, name.find('.'));
}

/// A pipe would be waited for.
Json read_regular_json(const fs::path& file) {
  if (!fs::is_regular_file(file))
    throw std::invalid_argument(fmt::format("[weights] {}: expected a regular file", file.string()));
  Json json = read_json(file);
  if (!json.is_object()) {
    throw std::invalid_argument(
        fmt::format("[weights] {}: expected an object; got {}", file.string(), brief_json(json)));
  }
  return json;
}

void read_configuration(WeightsSource& source) {
  const fs::path folder = source.path.parent_path();
  for (const fs::path& file : {folder / (stem_of(source.path) + ".config.json"),
                               folder / "open_clip_config.json", folder / "config.json"}) {
    if (!fs::exists(file)) continue;
    source.config = read_regular_json(file);
    source.config_path = file;
    break;
  }
  const fs::path preprocessor = folder / "preprocessor_config.json";
  if (fs::exists(preprocessor)) source.preprocessor = read_regular_json(preprocessor);
}

/// The digest that a name like vit-8cad7c12.pth, or a folder named by all 64 digits, promises; "" if none.
std::string promised_digest(const fs::path& file) {
  static const std::regex in_name("-([0-9a-f]{8,64})\\.(pt|pth|bin|safetensors|npz)$"), whole("[0-9a-f]{64}");
  std::smatch match;
  const std::string name = file.filename().string(), folder = file.parent_path().filename().string();
  // Eight decimal digits are rather a date or a step.
  const auto is_digest = [](const std::string& text) {
    return text.find_first_of("abcdef") != std::string::npos;
  };
  if (std::regex_search(name, match, in_name) && is_digest(match[1])) return match[1];
  return std::regex_match(folder, whole) ? folder : "";
}

void check_digest(const fs::path& file) {
  const std::string promised = promised_digest(file);
  if (promised.empty()) return;
  const std::string found = sha256_file(file);
  if (found.starts_with(promised)) return;
  throw std::invalid_argument(
      fmt::format("[weights] {}: expected the sha256 that the name carries, {}; got {} (a damaged or another "
                  "file; rename it if the name means something else)",
                  file.string(), promised, found.substr(0, std::max<size_t>(8, promised.size()))));
}

std::vector<const TensorGroup*> groups_in_order(const TensorFile& file) {
  std::vector<const TensorGroup*> order;
  for (const char* path : kGroups) {
    for (const TensorGroup& group : file.groups()) {
      if (group.path == path) order.push_back(&group);
    }
  }
  for (const TensorGroup& group : file.groups()) {
    const bool known = std::find(order.begin(), order.end(), &group) != order.end();
    if (!known && !group.path.starts_with("optimizer")) order.push_back(&group);
  }
  return order;
}

/// The same tensors, `prefix` taken off where a name has it and stays unique.
std::map<std::string, TensorView> without(const std::string& prefix,
                                          const std::map<std::string, TensorView>& tensors) {
  std::map<std::string, TensorView> shorter;
  for (const auto& [name, view] : tensors) {
    if (!name.starts_with(prefix)) shorter.emplace(name, view);
  }
  for (const auto& [name, view] : tensors) {
    if (!name.starts_with(prefix)) continue;
    const std::string rest = name.substr(prefix.size());
    shorter.emplace(shorter.contains(rest) ? name : rest, view);
  }
  return shorter;
}

}  // namespace

bool WeightsSource::has(std::string_view name) const { return tensors.contains(std::string(name)); }

bool WeightsSource::has_prefix(std::string_view beginning) const {
  const auto found = tensors.lower_bound(std::string(beginning));
  return found != tensors.end() && found->first.starts_with(beginning);
}

int64_t WeightsSource::size(const std::string& name, size_t axis) const {
  const auto found = tensors.find(name);
  if (found == tensors.end() || found->second.shape.size() <= axis) {
    throw std::invalid_argument(fmt::format(
        "[weights] {}: expected the tensor '{}' of at least {} dimensions, which says how wide the model is; "
        "got {}",
        path.string(), prefix + name, axis + 1, found == tensors.end() ? "none" : "fewer"));
  }
  const int64_t size = found->second.shape[axis];
  if (size >= 1 && size <= kLargestSize) return size;
  throw std::invalid_argument(
      fmt::format("[weights] {}: tensor '{}': expected a dimension from 1 to a thousand million; got {}",
                  path.string(), prefix + name, size));
}

int64_t WeightsSource::count(std::string_view beginning) const {
  int64_t most = 0;
  const std::string start = std::string(beginning) + ".";
  for (auto entry = tensors.lower_bound(start); entry != tensors.end() && entry->first.starts_with(start);
       ++entry) {
    int64_t number = -1;
    const char* const first = entry->first.data() + start.size();
    const char* const last = entry->first.data() + entry->first.size();
    const auto [stop, error] = std::from_chars(first, last, number);
    // No model has more; a larger number in a name is no number of blocks.
    constexpr int64_t kLimit = 100'000;
    if (error == std::errc() && stop != last && *stop == '.' && number < kLimit)
      most = std::max(most, number + 1);
  }
  return most;
}

WeightsSource open_weights(const fs::path& path) {
  WeightsSource source;
  source.path = file_of(path);
  check_digest(source.path);
  source.file = std::make_shared<const TensorFile>(source.path);
  read_configuration(source);
  return source;
}

bool is_usual_name(std::string_view file_name) {
  return std::find(kFilesOfAFolder.begin(), kFilesOfAFolder.end(), file_name) != kFilesOfAFolder.end();
}

std::vector<WeightsSource> readings_of(const WeightsSource& source,
                                       const std::optional<std::string>& group_wanted) {
  std::vector<WeightsSource> readings;
  for (const TensorGroup* group : groups_in_order(*source.file)) {
    if (group_wanted && group->path != *group_wanted) continue;
    for (const std::string prefix : kPrefixes) {
      const bool occurs = std::any_of(group->tensors.begin(), group->tensors.end(),
                                      [&](const auto& entry) { return entry.first.starts_with(prefix); });
      if (!occurs) continue;
      readings.push_back(source);
      readings.back().group = group->path;
      readings.back().prefix = prefix;
      readings.back().tensors = without(prefix, group->tensors);
    }
  }
  return readings;
}

}  // namespace repbench
