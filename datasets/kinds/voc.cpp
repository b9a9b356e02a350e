#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>

#include "datasets/dataset.h"
#include "datasets/kinds/listed_pictures.h"
#include "datasets/kinds/picture_files.h"
#include "datasets/kinds/spec_keys.h"
#include "datasets/kinds/text_lines.h"
#include "datasets/kinds/voc_annotation.h"
#include "files/nearest.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kKind = "voc";
constexpr uint64_t kMostAnnotationBytes = 4'000'000;

// In the order of the challenge.
const std::array<std::string, 20> kClasses = {"aeroplane",   "bicycle", "bird",  "boat",      "bottle",
                                              "bus",         "car",     "cat",   "chair",     "cow",
                                              "diningtable", "dog",     "horse", "motorbike", "person",
                                              "pottedplant", "sheep",   "sofa",  "train",     "tvmonitor"};

[[noreturn]] void fail(const fs::path& path, std::string_view expected, std::string_view got) {
  throw std::runtime_error(fmt::format("[{}] {}: expected {}; got {}", kKind, path.string(), expected, got));
}

bool is_year(const fs::path& folder) { return fs::is_directory(folder / "ImageSets" / "Main"); }

// VOC2007 itself, or the one year below PATH or PATH/VOCdevkit.
fs::path find_year(const fs::path& path) {
  if (!fs::is_directory(path)) fail(path, "a folder", "none");
  if (is_year(path)) return path;
  std::vector<std::string> years;
  for (const fs::path& folder : {path, path / "VOCdevkit"}) {
    if (!fs::is_directory(folder)) continue;
    for (const std::string& name : subfolders(folder)) {
      if (is_year(folder / name)) years.push_back((folder / name).string());
    }
  }
  if (years.size() == 1) return years.front();
  if (years.empty()) fail(path, "VOC2007 or another year, with ImageSets/Main", "none");
  fail(path, "one year", fmt::format("{}: name one, such as voc:{}", years.size(), years.front()));
}

std::string class_split(const std::string& name, const std::string& split) {
  return fmt::format("{}_{}.txt", name, split);
}

// The list of a split, or that of a class, which names the same pictures.
fs::path list_of_split(const fs::path& year, const std::string& split) {
  const fs::path folder = year / "ImageSets" / "Main";
  std::vector<std::string> splits;
  for (const std::string name : {"train", "val", "trainval", "test"}) {
    for (const std::string& file : {name + ".txt", class_split(kClasses[0], name)}) {
      if (!fs::is_regular_file(folder / file)) continue;
      if (name == split) return folder / file;
      splits.push_back(name);
      break;
    }
  }
  if (splits.empty()) fail(folder, "lists of pictures such as train.txt", "none");
  fail_unknown_name(kKind, "a split of " + year.string(), split, splits);
}

// Classes by id. A list says 1 where one is shown, -1 where not, 0 where only objects show it that are
// difficult: VOC counts those neither way, and they are no labels here.
struct Shown {
  std::set<int64_t> labels, difficult;
};
using ShownById = std::map<std::string, Shown, std::less<>>;

// The files CLASS_SPLIT.txt say the same as annotations, which the last test sets lack.
ShownById shown_by_lists(const fs::path& year, const std::string& split) {
  ShownById shown;
  for (size_t label = 0; label < kClasses.size(); ++label) {
    const fs::path path = year / "ImageSets" / "Main" / class_split(kClasses[label], split);
    const std::string content = read_text(path, kKind);
    for (const TextLine& line : text_lines(content)) {
      const auto [id, verdict] = split_at_last_space(line.text);
      if (verdict != "1" && verdict != "0" && verdict != "-1") {
        fail_at_line(kKind, path, line.number, "ID and 1, 0 or -1", excerpt(line.text));
      }
      Shown& of_picture = shown[std::string(id)];
      if (verdict == "1") of_picture.labels.insert(static_cast<int64_t>(label));
      if (verdict == "0") of_picture.difficult.insert(static_cast<int64_t>(label));
    }
  }
  return shown;
}

Shown shown_by_annotation(const fs::path& path) {
  if (fs::file_size(path) > kMostAnnotationBytes) {
    fail(path, fmt::format("an annotation of at most {} bytes", kMostAnnotationBytes),
         std::to_string(fs::file_size(path)));
  }
  Shown shown;
  for (const VocObject& object : read_voc_annotation(read_text(path, kKind), path)) {
    const auto found = std::find(kClasses.begin(), kClasses.end(), object.name);
    if (found == kClasses.end()) {
      fail(path, "one of VOC's 20 classes", excerpt(object.name) + did_you_mean(object.name, kClasses));
    }
    (object.difficult ? shown.difficult : shown.labels).insert(found - kClasses.begin());
  }
  for (const int64_t label : shown.labels) shown.difficult.erase(label);
  return shown;
}

// Ids in the order of the list; of a class's list without the verdict.
std::vector<std::string> ids_of(const fs::path& path) {
  std::vector<std::string> ids;
  std::set<std::string, std::less<>> known;
  const std::string content = read_text(path, kKind);
  for (const TextLine& line : text_lines(content)) {
    const std::string id(split_at_first_space(line.text).first);
    if (id.find('/') != std::string::npos) fail_at_line(kKind, path, line.number, "an id", excerpt(id));
    if (!known.insert(id).second) {
      fail_at_line(kKind, path, line.number, "every picture once", excerpt(id) + " twice");
    }
    ids.push_back(id);
  }
  return ids;
}

std::shared_ptr<const Dataset> open_year(const fs::path& year, const std::string& split) {
  const fs::path list_path = list_of_split(year, split);
  ListedPictures list{.kind = std::string(kKind),
                      .name = fmt::format("{}:{}", kKind, printable_name(year.filename())),
                      .split = split,
                      .class_names = {kClasses.begin(), kClasses.end()},
                      .pictures = {},
                      .source = printable_name(year)};
  const bool has_lists = fs::is_regular_file(year / "ImageSets" / "Main" / class_split(kClasses[0], split));
  std::optional<ShownById> by_lists;
  for (const std::string& id : ids_of(list_path)) {
    const fs::path annotation = year / "Annotations" / (id + ".xml");
    Shown shown;
    if (fs::is_regular_file(annotation)) {
      shown = shown_by_annotation(annotation);
    } else if (has_lists) {
      if (!by_lists) by_lists = shown_by_lists(year, split);
      shown = (*by_lists)[id];
    } else {
      fail(annotation, "an annotation", "no such file");
    }
    list.pictures.push_back({.id = id,
                             .file = year / "JPEGImages" / (id + ".jpg"),
                             .labels = {shown.labels.begin(), shown.labels.end()},
                             .difficult = {shown.difficult.begin(), shown.difficult.end()}});
  }
  return make_picture_list(std::move(list));
}

}  // namespace

std::shared_ptr<const Dataset> open_voc(const DatasetSpec& spec, std::string_view split) {
  const SpecKeys keys = split_spec(spec, {});
  fs::path path = fs::absolute(keys.path).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  try {
    return open_year(find_year(path), std::string(split));
  } catch (const fs::filesystem_error& error) {
    throw std::runtime_error(fmt::format("[{}] {}: expected a readable file or folder; got: {}", kKind,
                                         error.path1().string(), error.code().message()));
  }
}

}  // namespace repbench
