#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include "datasets/dataset.h"

namespace repbench {

/// A specification's path, and what follows it: "PATH:key=value:key=value".
struct SpecKeys {
  std::string path;
  std::map<std::string, std::string, std::less<>> values;

  /// "" where it was not given.
  std::string get(std::string_view key) const;
};

/// Splits at ":KEY=" for the keys that the kind knows; other colons belong to the path or value. Throws
/// std::invalid_argument for a missing path, a key given twice, an empty value, or an unknown "key=" at the
/// end (naming the nearest).
SpecKeys split_spec(const DatasetSpec& spec, std::initializer_list<std::string_view> known);

}  // namespace repbench
