#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/kinds/coco_file.h"
#include "datasets/kinds/listed_pictures.h"
#include "datasets/kinds/spec_keys.h"
#include "files/nearest.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kKind = "coco_instances";

// What follows the last "_" of a name: "train2017" of instances_train2017.json.
std::string ending_of(const fs::path& file) {
  const std::string stem = file.stem().string();
  return stem.substr(stem.rfind('_') + 1);
}

// The split that a file's name tells, "" if it tells none.
std::string split_of(const fs::path& file) {
  for (const std::string split : {"train", "val", "test"}) {
    if (ending_of(file).starts_with(split)) return split;
  }
  return "";
}

// instances_val2017.json beside instances_train2017.json.
fs::path beside(const fs::path& file, const std::string& split) {
  const std::string stem = file.stem().string(), ending = ending_of(file);
  const std::string changed = split + ending.substr(split_of(file).size());
  return file.parent_path() /
         (stem.substr(0, stem.size() - ending.size()) + changed + file.extension().string());
}

// The file of a split, where files are splits.
fs::path file_of_split(const fs::path& file, const std::string& split) {
  const std::string own = split_of(file);
  if (own.empty() || split == own || split == "all") return file;
  std::vector<std::string> known = {"all"};
  for (const std::string name : {"train", "val", "test"}) {
    if (name != own && !fs::is_regular_file(beside(file, name))) continue;
    if (name == split) return beside(file, name);
    known.push_back(name);
  }
  fail_unknown_name(kKind, "a split of " + file.string(), split, known);
}

// COCO's layout: annotations/instances_train2017.json beside train2017/.
fs::path picture_folder(const fs::path& root, const fs::path& file) {
  const fs::path folder = root.empty() ? file.parent_path() : root, ending = ending_of(file);
  std::vector<fs::path> candidates = {folder / ending};
  if (root.empty()) candidates.push_back(folder.parent_path() / ending);
  for (const fs::path& candidate : candidates) {
    if (fs::is_directory(candidate)) return candidate;
  }
  if (fs::is_directory(folder)) return folder;
  throw std::runtime_error(
      fmt::format("[{}] {}: expected a folder of pictures; got none", kKind, folder.string()));
}

std::shared_ptr<const Dataset> open_file(const SpecKeys& keys, const std::string& split) {
  const fs::path path = file_of_split(fs::absolute(keys.path).lexically_normal(), split);
  const fs::path folder = picture_folder(keys.get("root"), path);
  CocoFile file = read_coco_file(path);
  ListedPictures list{.kind = std::string(kKind),
                      .name = fmt::format("{}:{}", kKind, printable_name(path.stem())),
                      .split = split,
                      .class_names = std::move(file.categories),
                      .pictures = {},
                      .source = printable_name(path)};
  for (CocoPicture& picture : file.pictures) {
    const fs::path picture_file = folder / picture.file_name;
    list.pictures.push_back({std::move(picture.file_name), picture_file, std::move(picture.labels)});
  }
  if (split_of(path).empty()) keep_own_split(list);
  return make_picture_list(std::move(list));
}

}  // namespace

std::shared_ptr<const Dataset> open_coco_instances(const DatasetSpec& spec, std::string_view split) {
  const SpecKeys keys = split_spec(spec, {"root"});
  try {
    return open_file(keys, std::string(split));
  } catch (const fs::filesystem_error& error) {
    throw std::runtime_error(fmt::format("[{}] {}: expected a readable file or folder; got: {}", kKind,
                                         error.path1().string(), error.code().message()));
  }
}

}  // namespace repbench
