#include "datasets/kinds/spec_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <vector>

#include "files/nearest.h"

namespace repbench {
namespace {

// The word before "=" if `part` reads "word=...".
std::string_view key_of(std::string_view part) {
  const size_t equals = part.find('=');
  if (equals == 0 || equals == std::string_view::npos) return {};
  const std::string_view word = part.substr(0, equals);
  const bool plain =
      std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::islower(c) != 0 || c == '_'; });
  return plain ? word : std::string_view{};
}

void set(SpecKeys& keys, std::string_view kind, std::string_view key, std::string_view value) {
  if (value.empty())
    throw std::invalid_argument(fmt::format("[{}] {}: expected a value; got none", kind, key));
  if (!keys.values.emplace(key, value).second) {
    throw std::invalid_argument(fmt::format("[{}] {}: expected once; got twice", kind, key));
  }
}

}  // namespace

std::string SpecKeys::get(std::string_view key) const {
  const auto found = values.find(key);
  return found == values.end() ? "" : found->second;
}

SpecKeys split_spec(const DatasetSpec& spec, std::initializer_list<std::string_view> known) {
  SpecKeys keys;
  std::string_view rest = spec.path;
  // From the end: every ":key=value" is taken off until the path is left.
  for (size_t end = rest.size(), colon;
       end > 0 && (colon = rest.rfind(':', end - 1)) != std::string_view::npos; end = colon) {
    const std::string_view key = key_of(rest.substr(colon + 1));
    if (key.empty()) continue;
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      const std::vector<std::string> names(known.begin(), known.end());
      if (names.empty()) {
        throw std::invalid_argument(
            fmt::format("[{}] expected a path without keys; got {}=", spec.kind, key));
      }
      fail_unknown_name(spec.kind, "a key", key, names);
    }
    set(keys, spec.kind, key, rest.substr(colon + 1 + key.size() + 1));
    rest = rest.substr(0, colon);
  }
  if (rest.empty())
    throw std::invalid_argument(fmt::format("[{0}] expected {0}:PATH; got no path", spec.kind));
  keys.path = rest;
  return keys;
}

}  // namespace repbench
