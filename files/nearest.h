#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace repbench {

/// The candidate with the smallest edit distance, or "" if none is closer than half the length of `word`.
std::string nearest_name(std::string_view word, std::span<const std::string> candidates);

}  // namespace repbench
