#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace repbench {

/// Where the first byte stands that makes `text` invalid UTF-8 (overlong forms, surrogates and values above
/// U+10FFFF included); nothing if it is valid.
std::optional<size_t> find_broken_utf8(std::string_view text);

/// The text with each byte that is no UTF-8 replaced by U+FFFD.
std::string repaired_utf8(std::string_view bytes);

}  // namespace repbench
