#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// Unicode as Python's str sees it: sequences of code points. The tables are ICU's (72: Unicode 15).

namespace repbench {

/// The first byte, counted from 0, that is not part of a UTF-8 character. Encoded surrogates and overlong
/// forms are none.
std::optional<size_t> find_invalid_utf8(std::string_view text);

/// Throws std::invalid_argument "[text] expected UTF-8; got the byte 0xff at byte 12".
std::u32string from_utf8(std::string_view text);
/// What is no character (a surrogate) becomes U+FFFD.
std::string to_utf8(std::u32string_view text);

std::u32string compose(std::u32string_view text);                // NFC
std::u32string compatibility_compose(std::u32string_view text);  // NFKC
std::u32string lower_case(std::u32string_view text);             // the full mapping: final sigma, U+0130
std::u32string upper_case(std::u32string_view text);

bool is_space(char32_t character);  // White_Space
bool is_digit(char32_t character);  // decimal digits of any script

}  // namespace repbench
