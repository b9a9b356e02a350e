#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "datasets/dataset.h"
#include "datasets/kinds/listed_pictures.h"
#include "datasets/kinds/planar_pictures.h"
#include "datasets/kinds/spec_keys.h"
#include "datasets/kinds/stl10_files.h"
#include "datasets/kinds/text_lines.h"
#include "files/nearest.h"
#include "files/tensor_source.h"
#include "files/utf8.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kKind = "stl10", kFoldPrefix = "train_fold";
constexpr size_t kClasses = 10;

[[noreturn]] void fail(const Stl10File& file, std::string_view expected, std::string_view got) {
  throw std::runtime_error(fmt::format("[{}] {}: expected {}; got {}", kKind, file.place, expected, got));
}

std::vector<std::string> known_splits() {
  std::vector<std::string> splits = {"train", "test", "unlabeled"};
  for (int fold = 0; fold < 10; ++fold) splits.push_back(fmt::format("{}{}", kFoldPrefix, fold));
  return splits;
}

int64_t count_of(const Stl10File& pictures) {
  if (pictures.bytes.empty() || pictures.bytes.size() % kStl10Bytes != 0) {
    fail(pictures, fmt::format("a multiple of {} bytes", kStl10Bytes), std::to_string(pictures.bytes.size()));
  }
  return static_cast<int64_t>(pictures.bytes.size() / kStl10Bytes);
}

// In the file they count from 1.
std::vector<int64_t> labels_of(const Stl10File& file, int64_t pictures) {
  if (static_cast<int64_t>(file.bytes.size()) != pictures) {
    fail(file, fmt::format("{} bytes, one a picture", pictures), std::to_string(file.bytes.size()));
  }
  std::vector<int64_t> labels;
  for (const std::byte byte : file.bytes) {
    const auto label = std::to_integer<int64_t>(byte);
    if (label < 1 || label > static_cast<int64_t>(kClasses)) {
      fail(file, fmt::format("labels from 1 to {}", kClasses),
           fmt::format("{} of picture {}", label, labels.size()));
    }
    labels.push_back(label - 1);
  }
  return labels;
}

std::vector<std::string> names_of(const Stl10File& file) {
  std::vector<std::string> names;
  for (const TextLine& line : text_lines(as_text(file.bytes))) names.emplace_back(line.text);
  if (names.size() != kClasses) {
    fail(file, fmt::format("{} names of classes", kClasses), std::to_string(names.size()));
  }
  for (const std::string& name : names) {
    if (find_broken_utf8(name)) fail(file, "names in UTF-8", excerpt(name));
  }
  return names;
}

std::shared_ptr<const Dataset> open_stl10_at(const fs::path& path, const std::string& split) {
  const std::vector<std::string> splits = known_splits();
  if (std::find(splits.begin(), splits.end(), split) == splits.end()) {
    fail_unknown_name(kKind, "a split", split, splits);
  }
  const bool is_fold = split.starts_with(kFoldPrefix), labelled = split != "unlabeled";
  const std::string part = is_fold ? "train" : split;
  std::vector<std::string> wanted = {part + "_X.bin"};
  if (labelled) wanted.insert(wanted.end(), {part + "_y.bin", "class_names.txt"});
  if (is_fold) wanted.emplace_back("fold_indices.txt");
  const std::vector<Stl10File> files = read_stl10_files(path, wanted);
  const int64_t count = count_of(files[0]);

  PlanarPictures pictures;
  pictures.kind = pictures.name = kKind;
  pictures.split = split;
  pictures.id_prefix = part;  // a picture of a fold is the same as in train
  pictures.side = static_cast<int>(kStl10Side);
  pictures.column_major = true;
  pictures.owner = files[0].owner;
  pictures.pixels = files[0].bytes;
  pictures.labels =
      labelled ? labels_of(files[1], count) : std::vector<int64_t>(static_cast<size_t>(count), -1);
  if (labelled) pictures.class_names = names_of(files[2]);
  if (is_fold) {
    const auto fold = static_cast<size_t>(split.back() - '0');
    pictures.chosen = read_stl10_folds(files[3], count)[fold];
  }
  pictures.source = printable_name(path);
  return make_planar_pictures(std::move(pictures));
}

}  // namespace

std::shared_ptr<const Dataset> open_stl10(const DatasetSpec& spec, std::string_view split) {
  const SpecKeys keys = split_spec(spec, {});
  try {
    return open_stl10_at(fs::absolute(keys.path).lexically_normal(), std::string(split));
  } catch (const fs::filesystem_error& error) {
    throw std::runtime_error(fmt::format("[{}] {}: expected a readable file or folder; got: {}", kKind,
                                         error.path1().string(), error.code().message()));
  }
}

}  // namespace repbench
