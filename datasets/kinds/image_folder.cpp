#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>

#include "datasets/dataset.h"
#include "datasets/kinds/class_file.h"
#include "datasets/kinds/labelled_files.h"
#include "datasets/kinds/listed_pictures.h"
#include "datasets/kinds/picture_files.h"
#include "datasets/kinds/spec_keys.h"
#include "files/nearest.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kKind = "image_folder";

[[noreturn]] void fail(const fs::path& path, std::string_view expected, std::string_view got) {
  throw std::runtime_error(fmt::format("[{}] {}: expected {}; got {}", kKind, path.string(), expected, got));
}

bool has_class_folders(const fs::path& folder) {
  return fs::is_directory(folder) && !subfolders(folder).empty();
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The splits of the layout SPLIT/CLASS/file; none in the layout CLASS/file.
std::vector<std::string> given_splits(const fs::path& root, const std::string& wanted) {
  std::set<std::string> splits;
  for (const std::string& name : {wanted, std::string("train"), std::string("val"), std::string("test")}) {
    if (!name.empty() && has_class_folders(root / name)) splits.insert(name);
  }
  return {splits.begin(), splits.end()};
}

std::vector<std::string> printable_names(const std::vector<std::string>& names) {
  std::vector<std::string> result;
  for (const std::string& name : names) result.push_back(printable_name(name));
  return result;
}

// Which labels the class folders have, by printable name.
struct Classes {
  std::map<std::string, int64_t> labels;
  std::string known_to;  // whose classes they are, for messages
};

Classes classes_of_folder(const fs::path& folder, ListedPictures& list) {
  list.class_names = printable_names(subfolders(folder));
  if (list.class_names.empty()) fail(folder, "class folders with pictures", "no folders");
  Classes classes{{}, "the train split"};
  for (size_t i = 0; i < list.class_names.size(); ++i) {
    classes.labels.emplace(list.class_names[i], static_cast<int64_t>(i));
  }
  return classes;
}

// Every class of the file must have its folder in `folder`.
Classes classes_of_file(const fs::path& path, const fs::path& folder, ListedPictures& list) {
  const std::vector<std::string> names = printable_names(subfolders(folder));
  const std::set<std::string> folders(names.begin(), names.end());
  const ClassFile file(path, kKind, folders);
  Classes classes{{}, path.string()};
  std::vector<std::string> empty;
  for (size_t i = 0; i < file.keys().size(); ++i) {
    if (!folders.contains(file.keys()[i])) empty.push_back(file.keys()[i]);
    classes.labels.emplace(file.keys()[i], static_cast<int64_t>(i));
  }
  if (!empty.empty()) {
    fail(folder, "a folder for every class of " + path.string(),
         fmt::format("an empty class {} ({} of {} classes are empty)", empty.front(), empty.size(),
                     file.keys().size()));
  }
  list.class_names = file.names();
  return classes;
}

// `below` is the split's folder, or nothing where classes lie right in the root.
void add_pictures(const fs::path& root, const std::string& below, const Classes& classes,
                  ListedPictures& list) {
  for (const std::string& folder : subfolders(root / below)) {
    const auto found = classes.labels.find(printable_name(folder));
    if (found == classes.labels.end()) {
      fail(root / below / printable_name(folder), fmt::format("a class that {} has too", classes.known_to),
           "another one");
    }
    const std::vector<std::string> files = picture_files(root / below / folder);
    if (files.empty()) {
      list.problems.push_back(fmt::format("[{}] {}: expected pictures ({}); got an empty class", kKind,
                                          (root / below / printable_name(folder)).string(),
                                          kPictureExtensions));
    }
    for (const std::string& file : files) {
      const fs::path id = fs::path(below) / folder / file;
      list.pictures.push_back({printable_name(id), root / id, {found->second}});
    }
  }
  std::stable_sort(list.pictures.begin(), list.pictures.end(),
                   [](const auto& a, const auto& b) { return a.labels < b.labels; });
}

void read_class_folders(const fs::path& root, const std::string& class_file, ListedPictures& list) {
  const std::vector<std::string> splits = given_splits(root, list.split);
  const bool given = !splits.empty();
  const fs::path wanted = root / list.split;
  if (!contains(splits, list.split) && fs::is_directory(wanted) && !has_class_folders(wanted) &&
      !picture_files(wanted).empty()) {
    fail(wanted, "class folders, or labels=FILE for the pictures right in it", "pictures without classes");
  }
  if (given && !contains(splits, list.split)) {
    fail_unknown_name(kKind, "a split of " + root.string(), list.split, splits);
  }
  const std::string below = given ? list.split : "";
  // Labels count the train split's classes, so that they mean the same in every split.
  const fs::path known = given && contains(splits, "train") ? root / "train" : root / below;
  const Classes classes =
      class_file.empty() ? classes_of_folder(known, list) : classes_of_file(class_file, root / below, list);
  add_pictures(root, below, classes, list);
  if (!given) keep_own_split(list);
}

void read_flat_split(const fs::path& root, const SpecKeys& keys, ListedPictures& list) {
  LabelledFiles files{root / list.split, list.split + "/", keys.get("labels"), {}, {}};
  if (!fs::is_directory(files.folder))
    fail_unknown_name(kKind, "a split of " + root.string(), list.split, printable_names(subfolders(root)));
  if (has_class_folders(root / "train")) files.train_classes = printable_names(subfolders(root / "train"));
  if (!keys.get("classes").empty()) {
    const std::set<std::string> folders(files.train_classes.begin(), files.train_classes.end());
    files.classes.emplace(keys.get("classes"), kKind, folders);
  }
  read_labelled_files(files, list);
  list.source += fmt::format(" (labels of {})", files.labels.filename().string());
}

std::shared_ptr<const Dataset> open_folder(const fs::path& root, const SpecKeys& keys,
                                           std::string_view split) {
  if (!fs::is_directory(root)) fail(root, "a folder", "none");
  ListedPictures list{.kind = std::string(kKind),
                      .name = fmt::format("{}:{}", kKind, printable_name(root.filename())),
                      .split = std::string(split),
                      .pictures = {},
                      .source = printable_name(root)};
  // One specification serves ImageNet's train folder with classes and its flat val.
  if (!keys.get("labels").empty() && !has_class_folders(root / list.split)) {
    read_flat_split(root, keys, list);
  } else {
    read_class_folders(root, keys.get("classes"), list);
  }
  return make_picture_list(std::move(list));
}

}  // namespace

std::shared_ptr<const Dataset> open_image_folder(const DatasetSpec& spec, std::string_view split) {
  const SpecKeys keys = split_spec(spec, {"classes", "labels"});
  fs::path root = fs::absolute(keys.path).lexically_normal();
  if (!root.has_filename()) root = root.parent_path();
  try {
    return open_folder(root, keys, split);
  } catch (const fs::filesystem_error& error) {
    throw std::runtime_error(fmt::format("[{}] {}: expected a readable file or folder; got: {}", kKind,
                                         error.path1().string(), error.code().message()));
  }
}

}  // namespace repbench
