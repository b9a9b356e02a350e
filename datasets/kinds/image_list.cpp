#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <stdexcept>

#include "datasets/dataset.h"
#include "datasets/kinds/class_file.h"
#include "datasets/kinds/image_table.h"
#include "datasets/kinds/listed_pictures.h"
#include "datasets/kinds/spec_keys.h"
#include "datasets/kinds/text_lines.h"
#include "files/nearest.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kKind = "image_list";
constexpr int64_t kMostClasses = 1'000'000;  // where the table alone says how many

// Gives labels to rows, and names to classes. Both count the whole table, so that they mean the same in every
// split.
class Labels {
 public:
  Labels(const ImageTable& table, const fs::path& path, const std::string& class_file) : path_(path) {
    std::set<std::string> words;
    for (const ImageRow& row : table.rows) words.insert(row.label);
    numbers_ =
        std::all_of(words.begin(), words.end(), [](const std::string& word) { return is_integer(word); });
    if (!class_file.empty()) {
      file_.emplace(class_file, kKind, numbers_ ? std::set<std::string>{} : words);
      names_ = file_->names();
    } else if (numbers_) {
      count_classes(table);
    } else {
      names_.assign(words.begin(), words.end());
    }
  }

  const std::vector<std::string>& names() const { return names_; }

  int64_t of(const ImageRow& row) const {
    if (numbers_) {
      const auto most = static_cast<int64_t>(names_.size());
      const int64_t label = clamped_integer(row.label, most);
      if (label < 0 || label >= most) fail(row, fmt::format("a label from 0 to {}", most - 1));
      return label;
    }
    if (!file_) return std::lower_bound(names_.begin(), names_.end(), row.label) - names_.begin();
    if (const auto label = file_->find(row.label)) return *label;
    fail(row, "a class of " + file_->path().string());
  }

 private:
  [[noreturn]] void fail(const ImageRow& row, std::string_view expected) const {
    const std::string near = file_ && !numbers_ ? did_you_mean(row.label, file_->keys()) : "";
    fail_at_line(kKind, path_, row.line, expected, excerpt(row.label) + near);
  }

  void count_classes(const ImageTable& table) {
    int64_t largest = 0;
    for (const ImageRow& row : table.rows) {
      const int64_t label = clamped_integer(row.label, kMostClasses);
      if (label < 0 || label >= kMostClasses)
        fail(row, fmt::format("a label from 0 to {}", kMostClasses - 1));
      largest = std::max(largest, label);
    }
    for (int64_t i = 0; i <= largest; ++i) names_.push_back(std::to_string(i));
  }

  const fs::path& path_;
  std::vector<std::string> names_;
  std::optional<ClassFile> file_;
  bool numbers_ = false;
};

void check_split(const ImageTable& table, const std::string& split, const fs::path& path) {
  std::set<std::string> splits = {"all"};
  for (const ImageRow& row : table.rows) splits.insert(row.split);
  if (splits.contains(split)) return;
  const std::vector<std::string> known(splits.begin(), splits.end());
  fail_unknown_name(kKind, "a split of " + path.string(), split, known);
}

std::shared_ptr<const Dataset> open_list(const fs::path& path, const SpecKeys& keys, std::string_view split) {
  const ImageTable table =
      read_image_table(path, {keys.get("image"), keys.get("label"), keys.get("split_column")});
  ListedPictures list{.kind = std::string(kKind),
                      .name = fmt::format("{}:{}", kKind, printable_name(path.stem())),
                      .split = std::string(split),
                      .pictures = {},
                      .source = printable_name(path)};
  if (table.has_splits) check_split(table, list.split, path);
  const fs::path root = keys.get("root").empty() ? path.parent_path() : fs::path(keys.get("root"));
  if (!fs::is_directory(root)) {
    throw std::runtime_error(fmt::format("[{}] {}: expected a folder; got none", kKind, root.string()));
  }
  std::optional<Labels> labels;
  if (table.has_labels) labels.emplace(table, path, keys.get("classes"));
  if (labels) list.class_names = labels->names();
  for (const ImageRow& row : table.rows) {
    ListedPicture picture{row.image, root / row.image};
    if (labels) picture.labels = {labels->of(row)};  // of every row: a wrong one is told in every split
    if (table.has_splits && list.split != "all" && row.split != list.split) continue;
    list.pictures.push_back(std::move(picture));
  }
  if (!table.has_splits) keep_own_split(list);
  return make_picture_list(std::move(list));
}

}  // namespace

std::shared_ptr<const Dataset> open_image_list(const DatasetSpec& spec, std::string_view split) {
  const SpecKeys keys = split_spec(spec, {"root", "classes", "image", "label", "split_column"});
  try {
    return open_list(fs::absolute(keys.path).lexically_normal(), keys, split);
  } catch (const fs::filesystem_error& error) {
    throw std::runtime_error(fmt::format("[{}] {}: expected a readable file or folder; got: {}", kKind,
                                         error.path1().string(), error.code().message()));
  }
}

}  // namespace repbench
