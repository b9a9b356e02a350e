#include "datasets/kinds/coco_layout.h"

#include <fmt/format.h>

#include <stdexcept>
#include <vector>

#include "files/nearest.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

// What follows the last "_" of a name: "train2017" of instances_train2017.json.
std::string ending_of(const fs::path& file) {
  const std::string stem = file.stem().string();
  return stem.substr(stem.rfind('_') + 1);
}

// instances_val2017.json beside instances_train2017.json.
fs::path beside(const fs::path& file, const std::string& split) {
  const std::string stem = file.stem().string(), ending = ending_of(file);
  const std::string changed = split + ending.substr(coco_split_of(file).size());
  return file.parent_path() /
         (stem.substr(0, stem.size() - ending.size()) + changed + file.extension().string());
}

}  // namespace

std::string coco_split_of(const fs::path& file) {
  for (const std::string split : {"train", "val", "test"}) {
    if (ending_of(file).starts_with(split)) return split;
  }
  return "";
}

fs::path coco_file_of_split(const fs::path& file, const std::string& split, std::string_view kind) {
  const std::string own = coco_split_of(file);
  if (own.empty() || split == own || split == "all") return file;
  std::vector<std::string> known = {"all"};
  for (const std::string name : {"train", "val", "test"}) {
    if (name != own && !fs::is_regular_file(beside(file, name))) continue;
    if (name == split) return beside(file, name);
    known.push_back(name);
  }
  fail_unknown_name(kind, "a split of " + file.string(), split, known);
}

fs::path coco_picture_folder(const fs::path& root, const fs::path& file, std::string_view kind) {
  const fs::path folder = root.empty() ? file.parent_path() : root, ending = ending_of(file);
  std::vector<fs::path> candidates = {folder / ending};
  if (root.empty()) candidates.push_back(folder.parent_path() / ending);
  for (const fs::path& candidate : candidates) {
    if (fs::is_directory(candidate)) return candidate;
  }
  if (fs::is_directory(folder)) return folder;
  throw std::runtime_error(
      fmt::format("[{}] {}: expected a folder of pictures; got none", kind, folder.string()));
}

}  // namespace repbench
