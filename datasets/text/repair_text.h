#pragma once

#include <string>
#include <string_view>

namespace repbench {

/// What ftfy 6's `fix_text` does with its default settings, except for the repair of mojibake. Line by line,
/// because a "<" makes it leave HTML's character references alone from that line on.
std::u32string repair_text(std::u32string_view text);

}  // namespace repbench
