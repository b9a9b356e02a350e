#include "configs/option_value.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <type_traits>

namespace repbench {
namespace {

template <class T>
struct ElementOf {
  using type = void;
};
template <class Element>
struct ElementOf<std::vector<Element>> {
  using type = Element;
};
template <class T>
using Element = typename ElementOf<T>::type;
template <class T>
constexpr bool is_list = !std::is_void_v<Element<T>>;

bool in_range(double number, const Field& field) {
  return std::isfinite(number) && number >= field.minimum && number <= field.maximum;
}

std::optional<int64_t> read_integer(const Json& value) {
  constexpr double limit = 9223372036854775808.0;  // 2^63
  if (value.is_number_unsigned() && value.get<uint64_t>() > std::numeric_limits<int64_t>::max()) return {};
  if (value.is_number_integer()) return value.get<int64_t>();
  if (!value.is_number_float()) return {};
  const double number = value.get<double>();  // 1e3 is an integer too
  if (std::trunc(number) != number || number < -limit || number >= limit) return {};
  return static_cast<int64_t>(number);
}

bool is_utf8(const Json& text) {
  try {
    text.dump();
    return true;
  } catch (const Json::exception&) {
    return false;
  }
}

template <class T>
std::optional<T> read_scalar(const Json& value, const Field& field) {
  if constexpr (std::is_same_v<T, bool>) {
    if (value.is_boolean()) return value.get<bool>();
  } else if constexpr (std::is_same_v<T, int64_t>) {
    const bool zero = !field.zero.empty() && value == field.zero;
    const std::optional<int64_t> number = zero ? 0 : read_integer(value);
    if (number && in_range(static_cast<double>(*number), field)) return number;
  } else if constexpr (std::is_same_v<T, double>) {
    if (value.is_number() && in_range(value.get<double>(), field)) return value.get<double>();
  } else {
    const bool allowed = field.choices.empty() ||
                         std::find(field.choices.begin(), field.choices.end(), value) != field.choices.end();
    if (value.is_string() && is_utf8(value) && allowed) return value.get<std::string>();
  }
  return {};
}

template <class T>
std::optional<T> read_value(const Json& value, const Field& field) {
  if constexpr (is_list<T>) {
    if (!value.is_array()) return {};
    T list;
    for (const Json& item : value) {
      const std::optional<Element<T>> element = read_scalar<Element<T>>(item, field);
      if (!element) return {};
      list.push_back(*element);
    }
    return list;
  } else {
    return read_scalar<T>(value, field);
  }
}

template <class T>
std::string_view noun() {
  if constexpr (std::is_same_v<T, bool>) return "true or false";
  if constexpr (std::is_same_v<T, int64_t>) return "an integer";
  if constexpr (std::is_same_v<T, double>) return "a number";
  if constexpr (std::is_same_v<T, std::string>) return "a string";
  if constexpr (std::is_same_v<T, std::vector<int64_t>>) return "a list of integers";
  if constexpr (std::is_same_v<T, std::vector<double>>) return "a list of numbers";
  return "a list of strings";
}

std::optional<Json> json_from_text(std::string_view text) {
  try {
    return parse_json(text, "text", Comments::refused);
  } catch (const std::invalid_argument&) {
    return {};
  }
}

template <class T>
Json scalar_from_text(std::string_view text) {
  std::optional<Json> value = json_from_text(text);
  const bool is_json = value && (!std::is_same_v<T, std::string> || value->is_string());
  return is_json ? *value : Json(text);
}

template <class T>
Json list_from_text(std::string_view text) {
  if (text.starts_with('[')) return json_from_text(text).value_or(Json(text));
  Json list = Json::array();
  if (text.empty()) return list;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    if (begin == end) return Json(text);  // "a,,b"
    list.push_back(scalar_from_text<T>(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return list;
}

}  // namespace

Json value_of(const Options::Target& target) {
  return std::visit([](const auto* member) { return Json(*member); }, target);
}

bool assign(const Options::Target& target, const Field& field, const Json& value) {
  return std::visit(
      [&](auto* member) {
        auto read = read_value<std::remove_pointer_t<decltype(member)>>(value, field);
        if (read) *member = std::move(*read);
        return read.has_value();
      },
      target);
}

std::string expectation(const Options::Target& target, const Field& field) {
  std::string text(
      std::visit([](const auto* member) { return noun<std::remove_cvref_t<decltype(*member)>>(); }, target));
  if (!field.choices.empty()) return fmt::format("{} out of '{}'", text, fmt::join(field.choices, "', '"));
  const std::string range = allowed_values(field);
  if (!range.empty()) text += fmt::format(" {}{}", range.front() == '[' ? "in " : "", range);
  return field.zero.empty() ? text : fmt::format("{}, or '{}'", text, field.zero);
}

std::string allowed_values(const Field& field) {
  if (!field.choices.empty()) return fmt::format("{}", fmt::join(field.choices, "|"));
  const bool from = std::isfinite(field.minimum);
  const bool to = std::isfinite(field.maximum);
  if (from && to) return fmt::format("[{}, {}]", field.minimum, field.maximum);
  if (from) return fmt::format(">= {}", field.minimum);
  if (to) return fmt::format("<= {}", field.maximum);
  return "";
}

Json value_from_text(const Options::Target& target, std::string_view text) {
  return std::visit(
      [&](const auto* member) {
        using T = std::remove_cvref_t<decltype(*member)>;
        if constexpr (is_list<T>) {
          return list_from_text<Element<T>>(text);
        } else {
          return scalar_from_text<T>(text);
        }
      },
      target);
}

std::string display(const Json& value, const Field& field) {
  if (!field.zero.empty() && value == 0) return field.zero;
  const bool bare = value.is_string() && !value.get_ref<const std::string&>().empty();
  return bare ? value.get<std::string>() : value.dump();
}

}  // namespace repbench
