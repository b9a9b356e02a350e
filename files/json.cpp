#include "files/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>
#include <vector>

#include "files/atomic.h"
#include "files/utf8.h"

namespace repbench {
namespace {

constexpr size_t max_depth = 256;

// "[json.exception.parse_error.101] parse error at line 1, ..." without the library's own tag, and in one
// line of UTF-8: the library quotes bytes of the text as they are.
std::string reason(const Json::exception& error) {
  const std::string_view text = error.what();
  const size_t tag_end = text.find("] ");
  std::string printable = repaired_utf8(tag_end == std::string_view::npos ? text : text.substr(tag_end + 2));
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  std::replace_if(printable.begin(), printable.end(), is_control, '?');
  return printable;
}

// Follows the parser through the document and refuses what nlohmann lets pass. A walk of its own, as
// nlohmann's callback looks through the whole list again after each object in it: minutes for COCO's
// annotations.
class StructureCheck final : public nlohmann::json_sax<Json> {
 public:
  explicit StructureCheck(std::string_view source) : source_(source) {}

  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(int64_t /*value*/) override { return true; }
  bool number_unsigned(uint64_t /*value*/) override { return true; }
  bool number_float(double /*value*/, const std::string& /*text*/) override { return true; }
  bool string(std::string& /*value*/) override { return true; }
  bool binary(Json::binary_t& /*value*/) override { return true; }

  bool start_object(size_t /*size*/) override {
    objects_.emplace_back();
    return descend();
  }
  bool end_object() override {
    objects_.pop_back();
    --depth_;
    return true;
  }
  bool start_array(size_t /*size*/) override { return descend(); }
  bool end_array() override {
    --depth_;
    return true;
  }

  bool key(std::string& key) override {
    objects_.back().current = key;
    if (objects_.back().keys.insert(key).second) return true;
    std::string path;
    for (const Object& object : objects_) path += (path.empty() ? "" : ".") + object.current;
    throw std::invalid_argument(
        fmt::format("[{}] expected JSON with unique keys; got key {} twice", source_, brief_json(path)));
  }

  bool parse_error(size_t /*position*/, const std::string& /*token*/, const Json::exception& error) override {
    throw std::invalid_argument(fmt::format("[{}] expected JSON; got {}", source_, reason(error)));
  }

 private:
  struct Object {
    std::set<std::string> keys;
    std::string current;
  };

  bool descend() {
    if (depth_++ < max_depth) return true;
    throw std::invalid_argument(
        fmt::format("[{}] expected JSON of at most {} levels; got more", source_, max_depth));
  }

  std::string_view source_;
  std::vector<Object> objects_;
  size_t depth_ = 0;
};

std::string child(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

void check_text(const std::string& text, const std::string& path) {
  try {
    Json(text).dump();
  } catch (const Json::exception& error) {
    throw std::invalid_argument(
        fmt::format("[json] key {}: expected UTF-8 text; got {}", brief_json(path), reason(error)));
  }
}

void check_printable(const Json& value, const std::string& path, size_t depth) {
  if (value.is_structured() && depth >= max_depth) {
    throw std::invalid_argument(fmt::format("[json] expected at most {} levels; got more", max_depth));
  }
  if (value.is_number_float() && !std::isfinite(value.get<double>())) {
    throw std::invalid_argument(fmt::format("[json] key {}: expected a finite number; got {}",
                                            brief_json(path), value.get<double>()));
  }
  if (value.is_string()) check_text(value.get_ref<const std::string&>(), path);
  if (value.is_object()) {
    for (const auto& [key, item] : value.items()) {
      check_text(key, child(path, key));
      check_printable(item, child(path, key), depth + 1);
    }
  } else if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i) {
      check_printable(value[i], fmt::format("{}[{}]", path, i), depth + 1);
    }
  }
}

std::string print(const Json& value, int indentation) {
  check_printable(value, "", 0);
  return value.dump(indentation);
}

}  // namespace

Json parse_json(std::string_view text, std::string_view source, Comments comments) {
  // nlohmann takes a NUL for the end of the text and would ignore what follows.
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos) {
    throw std::invalid_argument(fmt::format("[{}] expected JSON; got a NUL at byte {}", source, nul));
  }
  StructureCheck check(source);
  const bool with_comments = comments == Comments::allowed;
  Json::sax_parse(text, &check, Json::input_format_t::json, true, with_comments);
  return Json::parse(text, nullptr, true, with_comments);
}

Json read_json(const std::filesystem::path& path) { return parse_json(read_file(path), path.string()); }

std::string canonical_json(const Json& value) { return print(value, -1); }

std::string pretty_json(const Json& value) { return print(value, 2) + "\n"; }

std::string brief_json(const Json& value) {
  constexpr size_t max_size = 80;
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > max_size) text.replace(max_size, std::string::npos, "...");
  return text;
}

}  // namespace repbench
