#include "datasets/kinds/coco_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "datasets/kinds/text_lines.h"
#include "files/json.h"
#include "files/mapping.h"
#include "files/utf8.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kKind = "coco_instances";
constexpr size_t kMostLevels = 256;

[[noreturn]] void fail(const fs::path& path, std::string_view expected, std::string_view got) {
  throw std::runtime_error(fmt::format("[{}] {}: expected {}; got {}", kKind, path.string(), expected, got));
}

// One element of the list images, annotations or categories: two fields of it.
struct CocoRow {
  std::optional<int64_t> id, other;  // other: category_id
  std::optional<std::string> text;
};

// What a list is called, and which of its fields count; "" where it has none of that type.
struct CocoList {
  std::string_view name, id, other, text;
};
constexpr std::array<CocoList, 3> kLists = {{{"images", "id", "", "file_name"},
                                             {"annotations", "image_id", "category_id", ""},
                                             {"categories", "id", "", "name"}}};

// nlohmann's events, of which only those at {LIST: [{KEY: value}]} count.
class Events final : public nlohmann::json_sax<Json> {
 public:
  explicit Events(const fs::path& path) : path_(path) {}

  bool null() override { return plain_value("null"); }
  bool boolean(bool) override { return plain_value("a boolean"); }
  bool number_float(double, const std::string& text) override { return plain_value(text); }
  bool binary(binary_t&) override { return plain_value("bytes"); }
  bool number_integer(int64_t value) override { return integer(value); }
  bool number_unsigned(uint64_t value) override {
    if (value > INT64_MAX) return plain_value("a larger one");
    return integer(static_cast<int64_t>(value));
  }

  bool string(std::string& value) override {
    if (!wants_value(true)) return matters() ? plain_value(excerpt(value)) : true;
    row_.text = std::move(value);
    return true;
  }

  bool start_object(std::size_t) override {
    if (levels_ == 1 && list_ != nullptr)
      fail(path_, fmt::format("a list under {}", list_->name), "an object");
    return start("an object");
  }
  bool start_array(std::size_t) override {
    if (levels_ == 0) fail(path_, "an object at the top", "a list");
    if (levels_ == 2 && list_ != nullptr) fail(path_, fmt::format("an object at {}", place()), "a list");
    return start("a list");
  }

  bool key(std::string& name) override {
    if (levels_ == 1) return open_list(name);
    key_ = levels_ == 3 && list_ != nullptr ? std::move(name) : "";
    return true;
  }

  bool end_object() override {
    if (levels_ == 3 && list_ != nullptr) finish_row();
    --levels_;
    return true;
  }
  bool end_array() override {
    --levels_;
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
    const std::string_view text = error.what();
    const size_t tag = text.find("] ");
    std::string reason = repaired_utf8(tag == std::string_view::npos ? text : text.substr(tag + 2));
    std::replace_if(
        reason.begin(), reason.end(), [](unsigned char c) { return c < 32 || c == 127; }, '?');
    fail(path_, "JSON", reason);
  }

  std::array<std::vector<CocoRow>, 3> take() && {
    for (size_t i = 0; i < kLists.size(); ++i) {
      if (!seen_[i]) fail(path_, fmt::format("the key {}", kLists[i].name), "none");
    }
    return std::move(rows_);
  }

 private:
  size_t number() const { return static_cast<size_t>(list_ - kLists.data()); }
  std::string place() const { return fmt::format("{}[{}]", list_->name, rows_[number()].size()); }

  bool start(std::string_view what) {
    if (levels_ >= kMostLevels) fail(path_, fmt::format("JSON of at most {} levels", kMostLevels), "more");
    if (levels_ == 3) plain_value(what);
    ++levels_;
    return true;
  }

  bool open_list(const std::string& name) {
    list_ = nullptr;
    for (const CocoList& list : kLists) {
      if (list.name != name) continue;
      list_ = &list;
      if (std::exchange(seen_[number()], true)) fail(path_, fmt::format("the key {} once", name), "it twice");
    }
    return true;
  }

  // Is the value at hand a field that counts, of this type? Each may stand there once.
  bool wants_value(bool text) {
    if (levels_ != 3 || list_ == nullptr || key_.empty()) return false;
    const bool is_other = key_ == list_->other;
    if (text ? key_ != list_->text : !is_other && key_ != list_->id) return false;
    if (text ? row_.text.has_value() : (is_other ? row_.other : row_.id).has_value()) {
      fail(path_, fmt::format("{}.{} once", place(), key_), "it twice");
    }
    return true;
  }

  bool integer(int64_t value) {
    if (!wants_value(false)) return matters() ? plain_value(std::to_string(value)) : true;
    (key_ == list_->other ? row_.other : row_.id) = value;
    return true;
  }

  // Not inside of what no field counts of.
  bool matters() const { return list_ != nullptr && levels_ <= 3; }

  // A value that is not the one that is wanted where it stands.
  bool plain_value(std::string_view got) const {
    if (!matters()) return true;
    if (levels_ == 1) fail(path_, fmt::format("a list under {}", list_->name), got);
    if (levels_ == 2) fail(path_, fmt::format("an object at {}", place()), got);
    if (levels_ == 3 && !key_.empty()) {
      if (key_ == list_->text) fail(path_, fmt::format("a text at {}.{}", place(), key_), got);
      if (key_ == list_->id || key_ == list_->other) {
        fail(path_, fmt::format("a whole number at {}.{}", place(), key_), got);
      }
    }
    return true;
  }

  void finish_row() {
    const auto need = [&](std::string_view key, bool there) {
      if (!key.empty() && !there) fail(path_, fmt::format("the key {}.{}", place(), key), "none");
    };
    need(list_->id, row_.id.has_value());
    need(list_->other, row_.other.has_value());
    need(list_->text, row_.text.has_value());
    rows_[number()].push_back(std::exchange(row_, {}));
  }

  const fs::path& path_;
  size_t levels_ = 0;  // that are open
  const CocoList* list_ = nullptr;
  std::string key_;
  CocoRow row_;
  std::array<std::vector<CocoRow>, 3> rows_;
  std::array<bool, 3> seen_{};
};

using Positions = std::unordered_map<int64_t, size_t>;

Positions positions_of(const std::vector<CocoRow>& rows, const CocoList& list, const fs::path& path) {
  Positions positions;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (const auto [found, is_new] = positions.emplace(*rows[i].id, i); !is_new) {
      fail(path, fmt::format("every id of {} once", list.name),
           fmt::format("{} at {}[{}] and [{}]", *rows[i].id, list.name, found->second, i));
    }
  }
  return positions;
}

size_t position_of(int64_t id, const Positions& positions, size_t row, std::string_view key,
                   const fs::path& path) {
  const auto found = positions.find(id);
  if (found != positions.end()) return found->second;
  fail(path, fmt::format("a known id at annotations[{}].{}", row, key), std::to_string(id));
}

}  // namespace

CocoFile read_coco_file(const fs::path& path) {
  const Mapping mapping(path, kKind);
  const std::span<const std::byte> bytes = mapping.bytes();
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  // nlohmann takes a NUL for the end of the text and would ignore what follows.
  if (!bytes.empty() && std::memchr(text, 0, bytes.size()) != nullptr) fail(path, "JSON", "a NUL byte");
  Events events(path);
  Json::sax_parse(text, text + bytes.size(), &events);
  auto [images, annotations, categories] = std::move(events).take();
  if (images.empty()) fail(path, "images", "none");
  const Positions by_picture = positions_of(images, kLists[0], path);

  std::sort(categories.begin(), categories.end(), [](const auto& a, const auto& b) { return *a.id < *b.id; });
  const Positions by_category = positions_of(categories, kLists[2], path);
  CocoFile file;
  for (CocoRow& row : categories) file.categories.push_back(std::move(*row.text));
  for (CocoRow& row : images) file.pictures.push_back({std::move(*row.text), {}});
  for (size_t i = 0; i < annotations.size(); ++i) {
    const size_t picture = position_of(*annotations[i].id, by_picture, i, kLists[1].id, path);
    const size_t category = position_of(*annotations[i].other, by_category, i, kLists[1].other, path);
    file.pictures[picture].labels.push_back(static_cast<int64_t>(category));
  }
  for (CocoPicture& picture : file.pictures) {
    std::sort(picture.labels.begin(), picture.labels.end());
    picture.labels.erase(std::unique(picture.labels.begin(), picture.labels.end()), picture.labels.end());
  }
  return file;
}

}  // namespace repbench
