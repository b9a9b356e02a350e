#include "files/notes.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "files/utf8.h"

namespace repbench {
namespace {

constexpr uint64_t value_cost = 64;  // what a JSON value takes, roughly
constexpr uint64_t member_cost = 128;
constexpr size_t longest_text = size_t{64} << 10;

}  // namespace

bool Notes::has_room(uint64_t bytes) {
  if (bytes > left_) {
    ++left_out_;
    return false;
  }
  take(bytes);
  return true;
}

void Notes::take(uint64_t bytes) {
  source_.charge(bytes);
  left_ -= std::min(left_, bytes);
}

std::optional<Json> Notes::number(double value) {
  if (!has_room(value_cost)) return std::nullopt;
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

std::optional<Json> Notes::value(Json small) {
  if (!has_room(value_cost)) return std::nullopt;
  return small;
}

std::optional<Json> Notes::text(std::string_view bytes) {
  std::string text = repaired_utf8(bytes.substr(0, longest_text));
  if (!has_room(value_cost + text.size())) return std::nullopt;
  return Json(std::move(text));
}

std::optional<Json> Notes::placeholder(std::string_view class_name) {
  std::string text = repaired_utf8(class_name.substr(0, longest_text));
  if (!has_room(value_cost + member_cost + text.size())) return std::nullopt;
  return Json{{"__class__", std::move(text)}};
}

Json Notes::container(Json notes) {
  take(value_cost);
  return notes;
}

void Notes::set(Json& object, std::string_view key, Json item) {
  std::string text = repaired_utf8(key.substr(0, longest_text));
  take(member_cost + text.size());
  object[std::move(text)] = std::move(item);
}

void Notes::finish(Json& notes) const {
  if (left_out_ > 0 && notes.is_object()) notes["__left_out__"] = left_out_;
}

}  // namespace repbench
