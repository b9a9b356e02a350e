#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/kinds/coco_file.h"
#include "datasets/kinds/coco_layout.h"
#include "datasets/kinds/listed_pictures.h"
#include "datasets/kinds/spec_keys.h"
#include "files/nearest.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kKind = "coco_instances";

std::shared_ptr<const Dataset> open_file(const SpecKeys& keys, const std::string& split) {
  const fs::path path = coco_file_of_split(fs::absolute(keys.path).lexically_normal(), split, kKind);
  const fs::path folder = coco_picture_folder(keys.get("root"), path, kKind);
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
  if (coco_split_of(path).empty()) keep_own_split(list);
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
