#include "datasets/kinds/labelled_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <unordered_map>

#include "datasets/kinds/label_file.h"
#include "datasets/kinds/picture_files.h"
#include "datasets/kinds/text_lines.h"
#include "files/nearest.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

class Reader {
 public:
  Reader(const LabelledFiles& files, ListedPictures& list)
      : files_(files), list_(list), rows_(read_label_file(files.labels, list.kind)) {
    for (const std::string& file : picture_files(files.folder)) {
      list.pictures.push_back({printable_name(files.prefix + file), files.folder / file});
    }
    if (list.pictures.empty()) {
      fail(files.folder, fmt::format("pictures ({})", kPictureExtensions), "none");
    }
  }

  void run() {
    const std::vector<int64_t> labels = are_numbers(rows_) ? numbers() : words();
    if (rows_.front().picture.empty()) {
      label_by_order(labels);
    } else {
      label_by_name(labels);
    }
  }

 private:
  [[noreturn]] void fail(const fs::path& path, std::string_view expected, std::string_view got) const {
    throw std::runtime_error(
        fmt::format("[{}] {}: expected {}; got {}", list_.kind, path.string(), expected, got));
  }

  std::vector<int64_t> numbers() {
    if (!files_.classes) {
      fail(files_.labels, "classes=FILE with the classes in the order of these numbers",
           "none (ILSVRC2012's ids do not count the sorted folders)");
    }
    list_.class_names = files_.classes->names();
    return numbered_labels(rows_, list_.class_names.size(), files_.labels, list_.kind);
  }

  std::vector<int64_t> words() {
    list_.class_names = files_.classes ? files_.classes->names() : files_.train_classes;
    if (list_.class_names.empty()) {
      std::set<std::string> sorted;
      for (const FileLabel& row : rows_) sorted.insert(row.label);
      list_.class_names.assign(sorted.begin(), sorted.end());
    }
    std::vector<int64_t> labels;
    for (const FileLabel& row : rows_) labels.push_back(label_of(row));
    return labels;
  }

  int64_t label_of(const FileLabel& row) const {
    const std::vector<std::string>& known = files_.classes ? files_.classes->keys() : list_.class_names;
    if (files_.classes) {
      if (const auto label = files_.classes->find(row.label)) return *label;
    } else {
      const auto found = std::lower_bound(known.begin(), known.end(), row.label);
      if (found != known.end() && *found == row.label) return found - known.begin();
    }
    fail_at_line(
        list_.kind, files_.labels, row.line,
        files_.classes ? "a class of " + files_.classes->path().string() : "a class of the train split",
        excerpt(row.label) + did_you_mean(row.label, known));
  }

  void label_by_order(const std::vector<int64_t>& labels) {
    if (labels.size() != list_.pictures.size()) {
      fail(files_.labels, fmt::format("{} labels, one a picture", list_.pictures.size()),
           std::to_string(labels.size()));
    }
    for (size_t i = 0; i < labels.size(); ++i) list_.pictures[i].labels = {labels[i]};
  }

  // A label file may leave the extension out.
  void label_by_name(const std::vector<int64_t>& labels) {
    std::unordered_map<std::string, ListedPicture*> by_name;
    for (ListedPicture& picture : list_.pictures) {
      const std::string name = picture.id.substr(files_.prefix.size());
      by_name[name] = &picture;
      by_name.emplace(name.substr(0, name.rfind('.')), &picture);
    }
    size_t absent = 0;
    const FileLabel* first = nullptr;
    for (size_t i = 0; i < labels.size(); ++i) {
      const auto found = by_name.find(rows_[i].picture);
      if (found != by_name.end()) {
        found->second->labels = {labels[i]};
      } else if (absent++ == 0) {
        first = &rows_[i];
      }
    }
    if (first != nullptr) {
      fail_at_line(
          list_.kind, files_.labels, first->line, "pictures in " + files_.folder.string(),
          fmt::format("no {} ({} of {} are missing)", excerpt(first->picture), absent, labels.size()));
    }
    check_all_labelled();
  }

  void check_all_labelled() const {
    const auto without = [](const ListedPicture& picture) { return picture.labels.empty(); };
    const auto& pictures = list_.pictures;
    const auto first = std::find_if(pictures.begin(), pictures.end(), without);
    if (first == pictures.end()) return;
    fail(files_.labels, "a label of every picture",
         fmt::format("none of {} ({} of {} pictures have none)", first->id,
                     std::count_if(pictures.begin(), pictures.end(), without), pictures.size()));
  }

  const LabelledFiles& files_;
  ListedPictures& list_;
  std::vector<FileLabel> rows_;
};

}  // namespace

void read_labelled_files(const LabelledFiles& files, ListedPictures& list) { Reader(files, list).run(); }

}  // namespace repbench
