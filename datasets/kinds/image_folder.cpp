#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <stdexcept>

#include "datasets/dataset.h"
#include "datasets/kinds/picture_files.h"
#include "datasets/random.h"
#include "files/atomic.h"
#include "files/hash.h"
#include "files/nearest.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

constexpr double kTestShare = 0.2;

struct Picture {
  std::string id;  // the path below the data set's folder
  int64_t label;
};

class ImageFolder final : public Dataset {
 public:
  ImageFolder(fs::path root, std::string split, std::vector<std::string> class_names,
              std::vector<Picture> pictures, Provenance provenance)
      : root_(std::move(root)),
        split_(std::move(split)),
        class_names_(std::move(class_names)),
        pictures_(std::move(pictures)),
        provenance_(std::move(provenance)) {}

  std::string name() const override { return "image_folder:" + root_.filename().string(); }
  std::string split() const override { return split_; }
  int64_t size() const override { return static_cast<int64_t>(pictures_.size()); }
  int channels() const override { return 3; }
  std::string id(int64_t index) const override { return at(index).id; }
  int64_t label(int64_t index) const override { return at(index).label; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  const Provenance& provenance() const override { return provenance_; }

  Example get(int64_t index) const override {
    const Picture& picture = at(index);
    const std::string content = read_file(root_ / picture.id);
    const auto* bytes = reinterpret_cast<const std::byte*>(content.data());
    return {picture.id, EncodedImage{{bytes, bytes + content.size()}}, {picture.label}, {}};
  }

 private:
  const Picture& at(int64_t index) const {
    if (index >= 0 && index < size()) return pictures_[index];
    throw std::out_of_range(
        fmt::format("[image_folder] expected an index from 0 to {}; got {}", size() - 1, index));
  }

  fs::path root_;
  std::string split_;
  std::vector<std::string> class_names_;
  std::vector<Picture> pictures_;
  Provenance provenance_;
};

[[noreturn]] void fail(const fs::path& path, std::string_view expected, std::string_view got) {
  throw std::runtime_error(
      fmt::format("[image_folder] {}: expected {}; got {}", path.string(), expected, got));
}

bool has_class_folders(const fs::path& folder) {
  return fs::is_directory(folder) && !subfolders(folder).empty();
}

// The splits of the layout SPLIT/CLASS/file; none in the layout CLASS/file.
std::vector<std::string> given_splits(const fs::path& root, const std::string& wanted) {
  std::set<std::string> splits;
  for (const std::string& name : {wanted, std::string("train"), std::string("val"), std::string("test")}) {
    if (!name.empty() && has_class_folders(root / name)) splits.insert(name);
  }
  return {splits.begin(), splits.end()};
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The ids of one class, sorted.
std::vector<std::string> ids_of_class(const fs::path& root, const std::string& folder) {
  std::vector<std::string> ids = picture_files(root / folder);
  if (ids.empty()) fail(root / folder, "JPEG or PNG files", "none");
  for (std::string& id : ids) id = folder + "/" + id;
  return ids;
}

std::vector<Picture> given_split(const fs::path& root, const std::string& split,
                                 const std::vector<std::string>& classes) {
  std::vector<Picture> pictures;
  for (const std::string& folder : subfolders(root / split)) {
    const auto found = std::lower_bound(classes.begin(), classes.end(), folder);
    if (found == classes.end() || *found != folder) {
      fail(root / split / folder, "a class that the train split has too", "another one");
    }
    for (std::string& id : ids_of_class(root, split + "/" + folder)) {
      pictures.push_back({std::move(id), found - classes.begin()});
    }
  }
  return pictures;
}

// The test share of every class, chosen by the hash of the ids: at least one picture where there are two.
std::vector<Picture> own_split(const fs::path& root, std::string_view split,
                               const std::vector<std::string>& classes) {
  std::vector<Picture> pictures;
  for (size_t label = 0; label < classes.size(); ++label) {
    const std::vector<std::string> ids = ids_of_class(root, classes[label]);
    std::vector<std::pair<uint64_t, std::string>> ranked;
    for (const std::string& id : ids) ranked.emplace_back(hash64(id), id);
    std::sort(ranked.begin(), ranked.end());
    const auto rounded = static_cast<size_t>(std::llround(kTestShare * static_cast<double>(ids.size())));
    const size_t tested = ids.size() < 2 ? 0 : std::max<size_t>(rounded, 1);
    const auto border = ranked.begin() + static_cast<int64_t>(tested);
    if (split == "test") {
      ranked.erase(border, ranked.end());
    } else {
      ranked.erase(ranked.begin(), border);
    }
    std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    for (auto& [rank, id] : ranked) pictures.push_back({std::move(id), static_cast<int64_t>(label)});
  }
  return pictures;
}

// Sizes, not contents: a data set of a million pictures must open in seconds.
std::string hash_of(const fs::path& root, const std::vector<Picture>& pictures) {
  std::vector<std::string> ids;
  for (const Picture& picture : pictures) ids.push_back(picture.id);
  std::sort(ids.begin(), ids.end());
  Sha256 hash;
  for (const std::string& id : ids) hash.update(fmt::format("{}\t{}\n", id, fs::file_size(root / id)));
  return hash.hex();
}

std::shared_ptr<const Dataset> open_folder(const fs::path& root, const std::string& split) {
  if (!fs::is_directory(root)) fail(root, "a folder", "none");
  std::vector<std::string> splits = given_splits(root, split);
  const bool given = !splits.empty();
  if (!given) splits = {"train", "test"};
  if (!contains(splits, split)) {
    fail_unknown_name("image_folder", "a split of " + root.string(), split, splits);
  }
  // Labels count the train split's classes, so that they mean the same in every split.
  const fs::path class_folder = !given ? root : root / (contains(splits, "train") ? "train" : split);
  std::vector<std::string> classes = subfolders(class_folder);
  if (classes.empty()) fail(root, "class folders with JPEG or PNG files", "no folders");
  std::vector<Picture> pictures = given ? given_split(root, split, classes) : own_split(root, split, classes);
  if (pictures.empty()) fail(root, "pictures in the split " + split, "none");
  Provenance provenance{root.string(), "", hash_of(root, pictures)};
  if (!given) provenance.source += fmt::format(" ({} of an 80/20 split of every class by hash of id)", split);
  return std::make_shared<ImageFolder>(root, split, std::move(classes), std::move(pictures),
                                       std::move(provenance));
}

}  // namespace

std::shared_ptr<const Dataset> open_image_folder(const DatasetSpec& spec, std::string_view split) {
  if (spec.path.empty())
    throw std::invalid_argument("[image_folder] expected image_folder:PATH; got no path");
  fs::path root = fs::absolute(spec.path).lexically_normal();
  if (!root.has_filename()) root = root.parent_path();
  try {
    return open_folder(root, std::string(split));
  } catch (const fs::filesystem_error& error) {
    throw std::runtime_error(fmt::format("[image_folder] {}: expected a readable file or folder; got: {}",
                                         error.path1().string(), error.code().message()));
  }
}

}  // namespace repbench
