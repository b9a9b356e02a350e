#include "configs/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <stdexcept>
#include <utility>

#include "configs/option_value.h"
#include "files/nearest.h"

namespace repbench {
namespace {

std::string leaf(const std::string& key) { return key.substr(key.rfind('.') + 1); }

// Also finds "model.width" for "width": the group is what people forget.
std::string nearest_key(const std::string& key, const std::vector<std::string>& keys) {
  std::string nearest = nearest_name(key, keys);
  if (!nearest.empty()) return nearest;
  std::vector<std::string> leaves;
  for (const std::string& candidate : keys) leaves.push_back(leaf(candidate));
  const std::string nearest_leaf = nearest_name(leaf(key), leaves);
  const auto found = std::find(leaves.begin(), leaves.end(), nearest_leaf);
  return found == leaves.end() ? "" : keys[static_cast<size_t>(found - leaves.begin())];
}

// "" is the outermost group.
std::vector<std::string> keys_below(const std::string& group, const std::vector<std::string>& keys) {
  std::vector<std::string> below;
  std::copy_if(keys.begin(), keys.end(), std::back_inserter(below),
               [&](const std::string& key) { return group.empty() || key.starts_with(group + "."); });
  return below;
}

// What stands directly below a group: keys, and groups as "model.*".
std::string listing(const std::string& group, const std::vector<std::string>& keys) {
  std::vector<std::string> names;
  for (const std::string& key : keys_below(group, keys)) {
    const size_t end = key.find('.', group.empty() ? 0 : group.size() + 1);
    std::string name = end == std::string::npos ? key : key.substr(0, end) + ".*";
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string enclosing_group(std::string key, const std::vector<std::string>& keys) {
  while (keys_below(key, keys).empty() && !key.empty()) {
    const size_t dot = key.rfind('.');
    key.resize(dot == std::string::npos ? 0 : dot);
  }
  return key;
}

[[noreturn]] void throw_unusable_key(const std::string& key, const std::vector<std::string>& keys,
                                     std::string_view source) {
  const std::string nearest = nearest_key(key, keys);
  std::string what;
  if (!keys_below(key, keys).empty()) {
    what = fmt::format("expected one of this group's keys ({}) or an object; got the group itself",
                       listing(key, keys));
  } else if (!nearest.empty()) {
    what = fmt::format("unknown; did you mean '{}'?", nearest);
  } else {
    what = fmt::format("unknown; expected one of {}", listing(enclosing_group(key, keys), keys));
  }
  throw std::invalid_argument(fmt::format("[{}] key '{}': {}", source, key, what));
}

using Assignment = std::pair<std::string, const Json*>;

// Objects are taken apart where their name is a group; what is left is for `Options::set` to judge.
void flatten(const std::string& key, const Json& value, const std::vector<std::string>& keys,
             std::vector<Assignment>& assignments) {
  if (!value.is_object() || keys_below(key, keys).empty()) {
    assignments.emplace_back(key, &value);
    return;
  }
  for (const auto& [name, item] : value.items()) flatten(key + "." + name, item, keys, assignments);
}

}  // namespace

void Options::add(std::string key, Target target, Field field) {
  key = prefix_ + key;
  const std::vector<std::string> known = keys();
  const bool taken = std::any_of(known.begin(), known.end(), [&](const std::string& other) {
    return other == key || other.starts_with(key + ".") || key.starts_with(other + ".");
  });
  if (taken) throw std::logic_error(fmt::format("[options] key '{}': expected a new key", key));
  Json default_value = value_of(target);
  // Else a stored configuration could not be read back.
  if (!assign(target, field, default_value)) {
    throw std::logic_error(fmt::format("[options] key '{}': expected a default that is {}; got {}", key,
                                       expectation(target, field), brief_json(default_value)));
  }
  entries_.push_back({std::move(key), target, std::move(default_value), std::move(field)});
}

void Options::set(std::string_view key, const Json& value, std::string_view source) {
  if (value.is_object() && !keys_below(std::string(key), keys()).empty()) {
    set_all(Json::object({{std::string(key), value}}), source);
    return;
  }
  const Entry& entry = find(key, source);
  if (assign(entry.target, entry.field, value)) return;
  const std::string nearest =
      value.is_string() ? nearest_name(value.get_ref<const std::string&>(), entry.field.choices) : "";
  throw std::invalid_argument(
      fmt::format("[{}] key '{}': expected {}; got {}{}", source, key, expectation(entry.target, entry.field),
                  brief_json(value), nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
}

void Options::set_from_text(std::string_view assignment, std::string_view source) {
  const size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    throw std::invalid_argument(fmt::format("[{}] expected key=value; got '{}'", source, assignment));
  }
  const std::string_view key = assignment.substr(0, equals);
  const std::string_view text = assignment.substr(equals + 1);
  if (text.starts_with('{') && !keys_below(std::string(key), keys()).empty()) {
    set(key, parse_json(text, fmt::format("{}: {}", source, key), Comments::refused), source);
  } else {
    set(key, value_from_text(find(key, source).target, text), source);
  }
}

void Options::set_all(const Json& object, std::string_view source) { set_and_name(object, source); }

void Options::set_every(const Json& object, std::string_view source) {
  const std::set<std::string> given = set_and_name(object, source);
  for (const std::string& key : keys()) {
    if (!given.contains(key)) {
      throw std::invalid_argument(fmt::format("[{}] expected the key '{}'; got none", source, key));
    }
  }
}

std::set<std::string> Options::set_and_name(const Json& object, std::string_view source) {
  if (!object.is_object()) {
    throw std::invalid_argument(
        fmt::format("[{}] expected an object of options; got {}", source, brief_json(object)));
  }
  std::vector<Assignment> assignments;
  for (const auto& [key, value] : object.items()) flatten(key, value, keys(), assignments);
  std::set<std::string> seen;
  for (const auto& [key, value] : assignments) {
    if (!seen.insert(key).second) {
      throw std::invalid_argument(
          fmt::format("[{}] key '{}': expected once; got it nested and dotted", source, key));
    }
    set(key, *value, source);
  }
  return seen;
}

void Options::set_from_file(const std::filesystem::path& path) { set_all(read_json(path), path.string()); }

std::vector<std::string> Options::keys() const {
  std::vector<std::string> names;
  for (const Entry& entry : entries_) names.push_back(entry.key);
  return names;
}

const Options::Entry& Options::find(std::string_view key, std::string_view source) const {
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.key == key; });
  if (found == entries_.end()) throw_unusable_key(std::string(key), keys(), source);
  return *found;
}

}  // namespace repbench
