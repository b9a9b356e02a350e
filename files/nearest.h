#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace repbench {

/// The candidate with the smallest edit distance, or "" if none is closer than half the length of `word`.
std::string nearest_name(std::string_view word, std::span<const std::string> candidates);

/// " (did you mean 'NEAREST'?)", or nothing where no known name is near.
std::string did_you_mean(std::string_view name, std::span<const std::string> known);

/// Throws std::invalid_argument "[WHERE] expected WHAT: a, b, c; got 'NAME' (did you mean 'a'?)".
[[noreturn]] void fail_unknown_name(std::string_view where, std::string_view what, std::string_view name,
                                    std::span<const std::string> known);

}  // namespace repbench
