#pragma once

#include <string>
#include <string_view>

namespace repbench {

/// A caption as CLIP's tokenizers see it: repaired as ftfy repairs ordinary text (curly quotes, Latin
/// ligatures, wide and narrow forms, C1 controls as Windows-1252, line breaks, terminal escapes, control
/// characters, NFC), HTML's character references read twice, spaces collapsed, in small letters.
/// Not done: ftfy's repair of mojibake, a guess that depends on large tables; see `looks_like_mojibake`.
/// Throws std::invalid_argument for invalid UTF-8, saying at which byte.
std::string clean_text(std::string_view text);

/// Whether a part of the text reads as UTF-8 that was taken for Windows-1252, as in "cafÃ©": a text that ftfy
/// might have repaired and `clean_text` leaves. A reason for a warning, no more. Same error.
bool looks_like_mojibake(std::string_view text);

}  // namespace repbench
