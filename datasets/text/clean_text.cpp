#include "datasets/text/clean_text.h"

#include <algorithm>

#include "datasets/text/html_entities.h"
#include "datasets/text/repair_text.h"
#include "datasets/text/unicode_text.h"
#include "datasets/text/windows_1252.h"

namespace repbench {
namespace {

bool is_plain(char c) { return (c >= ' ' && c <= '~' && c != '&') || c == '\n' || c == '\t' || c == '\r'; }

// Most captions: nothing to repair, only spaces and capitals.
std::string clean_plain(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (char c : text) {
    if (c < ' ') c = ' ';
    if (c == ' ' && (result.empty() || result.back() == ' ')) continue;
    result.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c);
  }
  if (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

std::u32string collapse_spaces(std::u32string_view text) {
  std::u32string result;
  result.reserve(text.size());
  bool between = false;
  for (const char32_t c : text) {
    if (is_space(c)) {
      between = !result.empty();
      continue;
    }
    if (between) result.push_back(U' ');
    between = false;
    result.push_back(c);
  }
  return result;
}

// How many bytes a UTF-8 character has that begins with this byte; 0 if none does.
size_t utf8_length(uint8_t lead) {
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

}  // namespace

std::string clean_text(std::string_view text) {
  if (std::all_of(text.begin(), text.end(), is_plain)) return clean_plain(text);
  const std::u32string repaired = repair_text(from_utf8(text));
  return to_utf8(lower_case(collapse_spaces(unescape_html(unescape_html(repaired)))));
}

bool looks_like_mojibake(std::string_view text) {
  const std::u32string characters = from_utf8(text);
  for (size_t begin = 0; begin < characters.size(); ++begin) {
    std::string bytes;
    for (size_t i = begin; i < characters.size() && bytes.size() < 4; ++i) {
      const auto byte = to_windows_1252(characters[i]);
      if (!byte || *byte < 0x80) break;
      bytes.push_back(static_cast<char>(*byte));
      if (bytes.size() > 1 && bytes.size() == utf8_length(static_cast<uint8_t>(bytes[0])) &&
          !find_invalid_utf8(bytes)) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace repbench
