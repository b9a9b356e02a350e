#pragma once

#include <string>
#include <string_view>

namespace repbench {

/// Character references as HTML5 reads them: names with or without semicolon (the longest that is known, as
/// in "&notit;"), decimal and hexadecimal numbers, what is no character dropped or replaced. Once.
std::u32string unescape_html(std::u32string_view text);

/// The careful reading that ftfy begins with: only whole references up to their semicolon, and names in
/// capitals where HTML has them in small letters alone ("&EACUTE;"). Once.
std::u32string unescape_whole_html(std::u32string_view text);

}  // namespace repbench
