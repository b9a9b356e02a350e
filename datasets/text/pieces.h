#pragma once

#include <string_view>
#include <vector>

namespace repbench {

constexpr std::string_view start_of_text = "<start_of_text>";
constexpr std::string_view end_of_text = "<end_of_text>";

/// Splits a clean text as CLIP does: the two special tokens spelt out, English endings ('s, 't, 're, 've, 'm,
/// 'll, 'd), runs of letters, single digits, runs of anything else but spaces. The pieces point into `clean`,
/// which must be UTF-8. Letters and digits are PCRE2's (10.42: Unicode 14).
std::vector<std::string_view> split_pieces(std::string_view clean);

}  // namespace repbench
