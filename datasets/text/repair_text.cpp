#include "datasets/text/repair_text.h"

#include <algorithm>
#include <iterator>

#include "datasets/text/html_entities.h"
#include "datasets/text/unicode_text.h"
#include "datasets/text/windows_1252.h"

namespace repbench {
namespace {

struct Ligature {
  char32_t character;
  std::u32string_view letters;
};

// Latin ones alone, and the digraphs that Unicode has for the sake of old encodings.
constexpr Ligature kLigatures[] = {
    {0x132, U"IJ"},      {0x133, U"ij"},  {0x149, U"\x2BCn"}, {0x1C4, U"D\x17D"}, {0x1C5, U"D\x17E"},
    {0x1C6, U"d\x17E"},  {0x1C7, U"LJ"},  {0x1C8, U"Lj"},     {0x1C9, U"lj"},     {0x1CA, U"NJ"},
    {0x1CB, U"Nj"},      {0x1CC, U"nj"},  {0x1F1, U"DZ"},     {0x1F2, U"Dz"},     {0x1F3, U"dz"},
    {0xFB00, U"ff"},     {0xFB01, U"fi"}, {0xFB02, U"fl"},    {0xFB03, U"ffi"},   {0xFB04, U"ffl"},
    {0xFB05, U"\x17Ft"}, {0xFB06, U"st"}};

constexpr char32_t kLineSeparator = 0x2028, kParagraphSeparator = 0x2029, kNextLine = 0x85;
constexpr char32_t kIdeographicSpace = 0x3000, kFirstWide = 0xFF01, kLastWide = 0xFFEF;
constexpr char32_t kByteOrderMark = 0xFEFF, kModifierApostrophe = 0x2BC;

bool between(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

char32_t read_c1_as_windows_1252(char32_t c) {
  return between(c, 0x80, 0x9F) ? from_windows_1252(static_cast<uint8_t>(c)) : c;
}

void append_split(char32_t c, std::u32string& result) {
  const auto* found = std::find_if(std::begin(kLigatures), std::end(kLigatures),
                                   [&](const Ligature& ligature) { return ligature.character == c; });
  if (found != std::end(kLigatures)) {
    result.append(found->letters);
  } else {
    result.push_back(c);
  }
}

void append_standard_width(char32_t c, std::u32string& result) {
  if (c == kIdeographicSpace) {
    result.push_back(U' ');
  } else if (between(c, kFirstWide, kLastWide)) {
    result.append(compatibility_compose({&c, 1}));
  } else {
    result.push_back(c);
  }
}

char32_t straight_quote(char32_t c) {
  if (c == kModifierApostrophe || between(c, 0x2018, 0x201B)) return U'\'';
  return between(c, 0x201C, 0x201F) ? U'"' : c;
}

std::u32string unify_line_breaks(std::u32string_view text) {
  std::u32string result;
  result.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    if (c == U'\r' && i + 1 < text.size() && text[i + 1] == U'\n') continue;
    const bool breaks = c == U'\r' || c == kLineSeparator || c == kParagraphSeparator || c == kNextLine;
    result.push_back(breaks ? U'\n' : c);
  }
  return result;
}

// ESC [ digits and semicolons, one letter: how many characters that is, 0 if it is none.
size_t terminal_escape_size(std::u32string_view text) {
  if (!text.starts_with(U"\x1B[")) return 0;
  size_t end = 2;
  while (end < text.size() && (is_digit(text[end]) || text[end] == U';')) ++end;
  const bool letter = end < text.size() && (between(text[end], U'a', U'z') || between(text[end], U'A', U'Z'));
  return letter ? end + 1 : 0;
}

bool is_control(char32_t c) {
  return c <= 0x8 || c == 0xB || between(c, 0xE, 0x1F) || c == 0x7F || between(c, 0x206A, 0x206F) ||
         c == kByteOrderMark || between(c, 0xFFF9, 0xFFFC);
}

std::u32string without_terminal_escapes(std::u32string_view text) {
  std::u32string result;
  result.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const size_t size = terminal_escape_size(text.substr(i));
    if (size == 0) result.push_back(text[i]);
    i += std::max<size_t>(size, 1);
  }
  return result;
}

std::u32string repair_once(std::u32string_view text) {
  std::u32string split;
  for (const char32_t c : text) append_split(read_c1_as_windows_1252(c), split);
  std::u32string standard;
  for (const char32_t c : split) append_standard_width(c, standard);
  std::transform(standard.begin(), standard.end(), standard.begin(), straight_quote);
  std::u32string lines = without_terminal_escapes(unify_line_breaks(standard));
  std::erase_if(lines, is_control);
  return compose(lines);
}

// Until nothing changes: one repair may uncover another.
std::u32string repair_line(std::u32string line, bool with_html) {
  while (true) {
    std::u32string repaired = repair_once(with_html ? unescape_whole_html(line) : line);
    if (repaired == line) return repaired;
    line = std::move(repaired);
  }
}

}  // namespace

std::u32string repair_text(std::u32string_view text) {
  std::u32string result;
  bool with_html = true;
  while (!text.empty()) {
    const size_t line_break = text.find(U'\n');
    const size_t size = line_break == std::u32string_view::npos ? text.size() : line_break + 1;
    const std::u32string_view line = text.substr(0, size);
    with_html = with_html && line.find(U'<') == std::u32string_view::npos;
    result += repair_line(std::u32string(line), with_html);
    text.remove_prefix(size);
  }
  return result;
}

}  // namespace repbench
