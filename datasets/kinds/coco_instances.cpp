#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>

#include "datasets/dataset.h"
#include "datasets/kinds/coco_file.h"
#include "datasets/kinds/listed_pictures.h"
#include "datasets/kinds/spec_keys.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kKind = "coco_instances", kPlaceholder = "{split}";

// "instances_{split}2017.json" with the split's name; the text as it is where it has no such place.
std::string for_split(std::string text, std::string_view split) {
  for (size_t at = 0; (at = text.find(kPlaceholder, at)) != std::string::npos; at += split.size()) {
    text.replace(at, kPlaceholder.size(), split);
  }
  return text;
}

// COCO's layout: annotations/instances_train2017.json beside train2017/. Else the file's own folder.
fs::path picture_folder(const fs::path& file) {
  const std::string stem = file.stem().string();
  const fs::path beside = file.parent_path().parent_path() / stem.substr(stem.rfind('_') + 1);
  return fs::is_directory(beside) ? beside : file.parent_path();
}

std::shared_ptr<const Dataset> open_file(const SpecKeys& keys, const std::string& split) {
  const bool given = keys.path.find(kPlaceholder) != std::string::npos;
  const fs::path path = fs::absolute(for_split(keys.path, split)).lexically_normal();
  const std::string root = for_split(keys.get("root"), split);
  const fs::path folder = root.empty() ? picture_folder(path) : fs::path(root);
  if (!fs::is_directory(folder)) {
    throw std::runtime_error(
        fmt::format("[{}] {}: expected a folder of pictures; got none", kKind, folder.string()));
  }
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
  if (!given) keep_own_split(list);
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
