#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <stdexcept>

#include "datasets/dataset.h"
#include "datasets/kinds/idx_file.h"
#include "files/atomic.h"
#include "files/hash.h"
#include "files/nearest.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

const std::array<std::string, 2> kSplits = {"train", "test"};

// A split in memory.
class IdxDataset final : public Dataset {
 public:
  IdxDataset(std::string name, std::string split, IdxFile pictures, std::vector<uint8_t> labels,
             std::vector<std::string> class_names, Provenance provenance)
      : name_(std::move(name)),
        split_(std::move(split)),
        pictures_(std::move(pictures)),
        labels_(std::move(labels)),
        class_names_(std::move(class_names)),
        provenance_(std::move(provenance)) {}

  std::string name() const override { return name_; }
  std::string split() const override { return split_; }
  int64_t size() const override { return pictures_.dimensions[0]; }
  int channels() const override { return 1; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  const Provenance& provenance() const override { return provenance_; }

  std::string id(int64_t index) const override { return fmt::format("{}/{:05}", split_, checked(index)); }
  int64_t label(int64_t index) const override { return labels_[checked(index)]; }

  Example get(int64_t index) const override {
    const int64_t height = pictures_.dimensions[1], width = pictures_.dimensions[2];
    const uint8_t* first = pictures_.values.data() + checked(index) * height * width;
    Image image{static_cast<int>(height), static_cast<int>(width), 1, {first, first + height * width}};
    return {id(index), std::move(image), {label(index)}, {}};
  }

 private:
  int64_t checked(int64_t index) const {
    if (index >= 0 && index < size()) return index;
    throw std::out_of_range(
        fmt::format("[{}] expected an index from 0 to {}; got {}", name_, size() - 1, index));
  }

  std::string name_, split_;
  IdxFile pictures_;
  std::vector<uint8_t> labels_;
  std::vector<std::string> class_names_;
  Provenance provenance_;
};

// What differs between the kinds that lie in IDX files.
struct IdxKind {
  std::string name;
  fs::path folder;
  std::string where_to_get;  // ends the error about a missing file
  std::string licence;
  std::vector<std::string> class_names;  // empty: "0" ... "K-1"
};

fs::path plain_path(const IdxKind& kind, std::string_view split, std::string_view content) {
  return kind.folder / fmt::format("{}-{}-ubyte", split == "test" ? "t10k" : split, content);
}

// The gzipped or the plain file, whichever is there.
std::optional<fs::path> look_for(const fs::path& plain) {
  for (const fs::path& path : {fs::path(plain.string() + ".gz"), plain}) {
    if (fs::exists(path)) return path;
  }
  return std::nullopt;
}

fs::path find_file(const IdxKind& kind, std::string_view split, std::string_view content) {
  const fs::path plain = plain_path(kind, split, content);
  if (const auto found = look_for(plain)) return *found;
  throw std::runtime_error(
      fmt::format("[{}] expected {}.gz; found no such file{}", kind.name, plain.string(), kind.where_to_get));
}

// Both splits have as many classes, though one may not show them all.
std::vector<std::string> numbered_classes(const IdxKind& kind, const std::vector<uint8_t>& labels,
                                          std::string_view split) {
  int largest = *std::max_element(labels.begin(), labels.end());
  const std::string& other = split == kSplits[0] ? kSplits[1] : kSplits[0];
  if (const auto path = look_for(plain_path(kind, other, "labels-idx1"))) {
    const std::vector<uint8_t> values = read_idx(read_file(*path), 1, *path).values;
    largest = std::max<int>(largest, *std::max_element(values.begin(), values.end()));
  }
  std::vector<std::string> names;
  for (int i = 0; i <= largest; ++i) names.push_back(std::to_string(i));
  return names;
}

void check_labels(const std::vector<uint8_t>& labels, size_t classes, const fs::path& path) {
  const auto wrong =
      std::find_if(labels.begin(), labels.end(), [&](uint8_t label) { return label >= classes; });
  if (wrong == labels.end()) return;
  throw std::runtime_error(fmt::format("[idx] {}: expected labels below {}; got {} at {}", path.string(),
                                       classes, *wrong, wrong - labels.begin()));
}

std::shared_ptr<const Dataset> open_files(const IdxKind& kind, std::string_view split) {
  if (std::find(kSplits.begin(), kSplits.end(), split) == kSplits.end()) {
    fail_unknown_name(kind.name, "a split", split, kSplits);
  }
  const fs::path pictures_path = find_file(kind, split, "images-idx3");
  const fs::path labels_path = find_file(kind, split, "labels-idx1");
  Sha256 hash;
  std::string content = read_file(pictures_path);
  hash.update(content);
  IdxFile pictures = read_idx(content, 3, pictures_path);
  content = read_file(labels_path);
  hash.update(content);
  IdxFile labels = read_idx(content, 1, labels_path);
  if (labels.dimensions[0] != pictures.dimensions[0]) {
    throw std::runtime_error(fmt::format("[idx] {}: expected {} labels, one a picture; got {}",
                                         labels_path.string(), pictures.dimensions[0], labels.dimensions[0]));
  }
  std::vector<std::string> names = kind.class_names;
  if (names.empty()) names = numbered_classes(kind, labels.values, split);
  check_labels(labels.values, names.size(), labels_path);
  Provenance provenance{kind.folder.string(), kind.licence, hash.hex()};
  return std::make_shared<IdxDataset>(kind.name, std::string(split), std::move(pictures),
                                      std::move(labels.values), std::move(names), std::move(provenance));
}

}  // namespace

std::shared_ptr<const Dataset> open_fashion_mnist(const DatasetSpec& spec, std::string_view split) {
  const std::string folder = spec.path.empty() ? "/usr/share/datasets/fashion-mnist" : spec.path;
  return open_files({"fashion_mnist",
                     folder,
                     " (install the Debian package dataset-fashion-mnist)",
                     "MIT",
                     {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker",
                      "Bag", "Ankle boot"}},
                    split);
}

std::shared_ptr<const Dataset> open_idx(const DatasetSpec& spec, std::string_view split) {
  if (spec.path.empty()) throw std::invalid_argument("[idx] expected idx:PATH; got no path");
  // Reports carry the folder's name, not the whole path: the same data has the same name everywhere.
  const fs::path folder = fs::absolute(spec.path).lexically_normal();
  const fs::path last = folder.has_filename() ? folder.filename() : folder.parent_path().filename();
  return open_files({"idx:" + last.string(), spec.path, "", "", {}}, split);
}

}  // namespace repbench
