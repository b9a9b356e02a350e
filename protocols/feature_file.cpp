#include "protocols/feature_file.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <stdexcept>

#include "files/nearest.h"
#include "pretrain/tensors.h"
#include "protocols/feature_source.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kSplits = {"train", "test"};  // 0 and 1

/// [N, width] float32, finite; any width where -1 is given.
at::Tensor read_matrix(const FeatureSource& source, std::string_view name, int64_t width) {
  const at::Tensor stored = source.tensor(name);
  if (!at::isFloatingType(stored.scalar_type())) {
    source.fail(name, "floating-point numbers", repbench::name(dtype_of(stored)));
  }
  if (stored.dim() != 2 || stored.numel() == 0 || (width >= 0 && stored.size(1) != width)) {
    source.fail(name, width < 0 ? "[rows, width]" : fmt::format("[texts, {}], as wide as 'features'", width),
                shape_text(stored));
  }
  const at::Tensor values = stored.to(at::kFloat);
  const at::Tensor finite = at::isfinite(values).all(1);
  if (finite.all().item<bool>()) return values;
  source.fail(name, "finite numbers (of float32)",
              fmt::format("NaN or infinity in row {}", finite.to(at::kByte).argmin().item<int64_t>()));
}

void check_count(const FeatureSource& source, std::string_view name, size_t count, int64_t expected) {
  if (static_cast<int64_t>(count) == expected) return;
  source.fail(name, fmt::format("one for each of the {} rows", expected), std::to_string(count));
}

std::vector<int64_t> read_labels(const FeatureSource& source, int64_t rows) {
  const auto stored = source.integers("labels");
  if (!stored && source.has("labels")) source.fail("labels", "a list of integers", "no tensor");
  std::vector<int64_t> labels = stored.value_or(std::vector<int64_t>(static_cast<size_t>(rows), -1));
  check_count(source, "labels", labels.size(), rows);
  for (size_t row = 0; row < labels.size(); ++row) {
    labels[row] = std::max<int64_t>(labels[row], -1);
    if (labels[row] >= kMostClasses) {
      source.fail("labels", fmt::format("classes below {}", kMostClasses),
                  fmt::format("{} in row {}", labels[row], row));
    }
  }
  return labels;
}

/// Texts, or integers in decimal; empty if there are none.
std::vector<std::string> texts_or_numbers(const FeatureSource& source, std::string_view name) {
  std::vector<std::string> texts;
  if (const auto numbers = source.integers(name)) {
    for (const int64_t number : *numbers) texts.push_back(std::to_string(number));
    return texts;
  }
  return source.texts(name).value_or(texts);
}

std::vector<std::string> read_ids(const FeatureSource& source, int64_t rows) {
  std::vector<std::string> ids = texts_or_numbers(source, "ids");
  if (!source.has("ids")) {
    for (int64_t row = 0; row < rows; ++row) ids.push_back(std::to_string(row));
  }
  check_count(source, "ids", ids.size(), rows);
  std::map<std::string_view, size_t> row_of;
  for (size_t row = 0; row < ids.size(); ++row) {
    const auto [known, is_new] = row_of.try_emplace(ids[row], row);
    if (!is_new) {
      source.fail("ids", "each id once", fmt::format("'{}' in rows {} and {}", ids[row], known->second, row));
    }
  }
  return ids;
}

std::vector<int64_t> read_split(const FeatureSource& source, int64_t rows) {
  if (!source.has("split")) return {};
  const std::vector<std::string> words = texts_or_numbers(source, "split");
  check_count(source, "split", words.size(), rows);
  std::array<bool, 2> seen = {};
  std::vector<int64_t> split;
  for (size_t row = 0; row < words.size(); ++row) {
    const std::string word = words[row] == "0" ? kSplits[0] : words[row] == "1" ? kSplits[1] : words[row];
    const auto place = std::find(kSplits.begin(), kSplits.end(), word) - kSplits.begin();
    if (place == 2) {
      source.fail("split", "'train' or 'test' (or 0 or 1)",
                  fmt::format("'{}' in row {}{}", word, row, did_you_mean(word, kSplits)));
    }
    seen[static_cast<size_t>(place)] = true;
    split.push_back(place);
  }
  if (!seen[0] || !seen[1]) source.fail("split", "rows of train and of test", "one of them alone");
  return split;
}

void read_texts(const FeatureSource& source, FeatureFile& file) {
  file.owner_given = source.has("text_owner");
  if (!source.has("text_features")) {
    if (file.owner_given) source.fail("text_owner", "'text_features' beside it", "none");
    return;
  }
  file.text_features = read_matrix(source, "text_features", file.features.size(1));
  const int64_t texts = file.text_features.size(0);
  if (!file.owner_given) {
    if (texts != file.size()) return;
    file.text_owner.resize(static_cast<size_t>(texts));
    std::iota(file.text_owner.begin(), file.text_owner.end(), int64_t{0});
    return;
  }
  const auto owners = source.integers("text_owner");
  if (!owners || static_cast<int64_t>(owners->size()) != texts) {
    source.fail("text_owner", fmt::format("an integer for each of the {} texts", texts),
                owners ? std::to_string(owners->size()) : "no tensor");
  }
  for (size_t text = 0; text < owners->size(); ++text) {
    if ((*owners)[text] >= 0 && (*owners)[text] < file.size()) continue;
    source.fail("text_owner", fmt::format("rows 0 to {}", file.size() - 1),
                fmt::format("{} of text {}", (*owners)[text], text));
  }
  file.text_owner = *owners;
}

FeatureFile read_one(const fs::path& path) {
  const FeatureSource source(path);
  FeatureFile file;
  file.path = path;
  file.features = read_matrix(source, "features", -1);
  file.labels = read_labels(source, file.size());
  file.ids = read_ids(source, file.size());
  file.split = read_split(source, file.size());
  file.class_names = source.texts("class_names").value_or(std::vector<std::string>());
  file.dataset = source.text("dataset");
  for (const char* key : {"weights", "view"}) {
    if (const std::string text = source.text(key); !text.empty()) file.made_by[key] = text;
  }
  read_texts(source, file);
  return file;
}

[[noreturn]] void fail(const fs::path& path, std::string_view expected, std::string_view got) {
  throw std::invalid_argument(
      fmt::format("[features] {}: expected {}; got {}", path.string(), expected, got));
}

/// The rows of train, then those of test.
FeatureFile joined(FeatureFile train, FeatureFile test, const fs::path& folder) {
  const int64_t before = train.size();
  if (train.features.size(1) != test.features.size(1)) {
    fail(folder, fmt::format("test features as wide as train's {}", train.features.size(1)),
         std::to_string(test.features.size(1)));
  }
  if (!train.split.empty() || !test.split.empty())
    fail(folder, "no 'split' within train and test files", "one");
  if (train.text_features.defined())
    fail(folder, "'text_features' in the test file alone", "some in the train file");
  if (train.made_by != test.made_by) {
    fail(folder, "train and test features of the same weights and view",
         fmt::format("{} and {}", brief_json(train.made_by), brief_json(test.made_by)));
  }
  if (test.class_names.empty()) test.class_names = train.class_names;
  if (!train.class_names.empty() && train.class_names != test.class_names) {
    fail(folder, "the same 'class_names' in train and test files", "others");
  }
  test.features = at::cat({train.features, test.features});
  test.labels.insert(test.labels.begin(), train.labels.begin(), train.labels.end());
  test.ids.insert(test.ids.begin(), train.ids.begin(), train.ids.end());
  test.split.assign(test.ids.size(), 1);
  std::fill_n(test.split.begin(), before, 0);
  for (int64_t& row : test.text_owner) row += before;
  return test;
}

/// As many as the largest label says, or as there are texts that can be of nothing else.
int64_t count_classes(const FeatureFile& file) {
  int64_t classes = *std::max_element(file.labels.begin(), file.labels.end()) + 1;
  if (classes > 0 && file.text_features.defined() && file.text_owner.empty()) {
    classes = std::max(classes, std::min(file.text_features.size(0), kMostClasses));
  }
  return classes;
}

void name_classes(FeatureFile& file) {
  const int64_t classes = count_classes(file);
  if (file.class_names.empty()) {
    for (int64_t k = 0; k < classes; ++k) file.class_names.push_back(std::to_string(k));
  }
  const auto named = static_cast<int64_t>(file.class_names.size());
  if (*std::max_element(file.labels.begin(), file.labels.end()) >= named) {
    fail(file.path, fmt::format("a class name for each of the labels 0 to {}", classes - 1),
         fmt::format("{} in 'class_names'", named));
  }
  std::vector<bool> used(static_cast<size_t>(named));
  for (const int64_t label : file.labels) {
    if (label >= 0) used[static_cast<size_t>(label)] = true;
  }
  const auto unused = std::count(used.begin(), used.end(), false);
  if (classes > 0 && unused > 0) {
    file.warnings.push_back(
        fmt::format("{} of {} classes have no row, first class {}: chance counts them, too", unused, named,
                    std::find(used.begin(), used.end(), false) - used.begin()));
  }
}

/// The one file NAME.* of tensors in a folder; empty if there is none.
fs::path file_of_split(const fs::path& folder, const std::string& name) {
  fs::path found;
  for (const char* extension : {".safetensors", ".npz", ".pt", ".pth"}) {
    const fs::path file = folder / (name + extension);
    if (!fs::is_regular_file(file)) continue;
    if (!found.empty())
      fail(folder, fmt::format("one {} file", name),
           fmt::format("{} and {}", found.filename().string(), file.filename().string()));
    found = file;
  }
  return found;
}

FeatureFile read_folder(const fs::path& folder) {
  if (fs::exists(folder / "features.npy")) return read_one(folder);
  const fs::path train = file_of_split(folder, "train"), test = file_of_split(folder, "test");
  if (train.empty() || test.empty()) {
    fail(folder, "a train and a test file of features, or features.npy",
         train.empty() && test.empty() ? "none"
                                       : (train.empty() ? test : train).filename().string() + " alone");
  }
  return joined(read_one(train), read_one(test), folder);
}

}  // namespace

bool FeatureFile::has_class_texts() const {
  return text_features.defined() && !owner_given &&
         text_features.size(0) == static_cast<int64_t>(class_names.size());
}

std::vector<int64_t> FeatureFile::rows_of_split(std::string_view wanted) const {
  const auto place = std::find(kSplits.begin(), kSplits.end(), wanted) - kSplits.begin();
  if (place == 2) fail_unknown_name("features", "a split", wanted, kSplits);
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < size(); ++row) {
    if (split.empty() || split[static_cast<size_t>(row)] == place) rows.push_back(row);
  }
  return rows;
}

bool is_feature_file(const fs::path& path) try {
  if (fs::is_directory(path)) {
    if (fs::exists(path / "latest") || fs::exists(path / "config.json")) return false;
    return fs::exists(path / "features.npy") || !file_of_split(path, "train").empty() ||
           !file_of_split(path, "test").empty();
  }
  if (!fs::is_regular_file(path)) return false;
  if (path.extension() == ".npy") return true;
  const FeatureSource source(path);
  return source.has("features") || source.has("labels");
} catch (const std::exception&) {
  return false;
}

FeatureFile read_feature_file(const fs::path& path) {
  if (path.extension() == ".npy") {
    fail(path, "a folder with features.npy and labels.npy", "a single array");
  }
  const fs::path folder = path.has_filename() ? path : path.parent_path();
  FeatureFile file = fs::is_directory(path) ? read_folder(path) : read_one(path);
  file.path = path;
  file.name = fs::is_directory(path) ? folder.filename().string() : path.stem().string();
  if (file.name.empty() || file.name == "." || file.name == "..") file.name = "features";
  if (file.dataset.empty()) file.dataset = file.name;
  name_classes(file);
  NamedTensors tensors = {{"features", file.features}};
  if (file.text_features.defined()) tensors.push_back({"text_features", file.text_features});
  file.sha256 = hash_of(tensors);
  return file;
}

}  // namespace repbench
