#include "protocols/unused_settings.h"

#include <fmt/format.h>

#include <stdexcept>

#include "files/json.h"

namespace repbench {
namespace {

Json settings_of(Protocol& protocol) {
  Options fields;
  protocol.describe(fields);
  return fields.to_json();
}

/// The first key below `key` whose values differ, dotted; "" if there is none.
std::string changed_key(const std::string& key, const Json& value, const Json& plain) {
  if (value == plain) return "";
  if (!value.is_object()) return key;
  for (const auto& field : value.items()) {
    const std::string changed = changed_key(key + "." + field.key(), field.value(), plain.at(field.key()));
    if (!changed.empty()) return changed;
  }
  return "";
}

Json at_path(Json value, std::string_view dotted) {
  while (!dotted.empty()) {
    const size_t dot = dotted.find('.');
    value = Json(value.at(std::string(dotted.substr(0, dot))));
    dotted = dot == std::string_view::npos ? "" : dotted.substr(dot + 1);
  }
  return value;
}

}  // namespace

void refuse_unused(Protocol& protocol, Protocol& plain, const std::vector<std::string>& unused,
                   std::string_view where, std::string_view because) {
  const Json own = settings_of(protocol), defaults = settings_of(plain);
  for (const std::string& key : unused) {
    const std::string changed = changed_key(key, at_path(own, key), at_path(defaults, key));
    if (changed.empty()) continue;
    throw std::invalid_argument(
        fmt::format("[{}] key '{}': expected its default {}, where it has no effect; got {}", where, changed,
                    because, brief_json(at_path(own, changed))));
  }
}

}  // namespace repbench
