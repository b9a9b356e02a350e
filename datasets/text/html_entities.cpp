#include "datasets/text/html_entities.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "datasets/text/unicode_text.h"
#include "datasets/text/windows_1252.h"

namespace repbench {
namespace {

constexpr char32_t kReplacement = 0xFFFD;
constexpr size_t kLongestReference = 32;       // characters of a name, in HTML5's reading
constexpr size_t kLongestWholeReference = 24;  // and in the careful one

enum class Semicolon { needed, optional };

struct Entity {
  std::string_view name;  // without "&" and ";"
  std::u32string_view text;
  Semicolon semicolon;
};

// Sorted by name; 2125 of them.
constexpr Entity kEntities[] = {
#include "datasets/text/html5_entities.inc"
};

const Entity* find_entity(std::u32string_view name) {
  if (!std::all_of(name.begin(), name.end(), [](char32_t c) { return c < 0x80; })) return nullptr;
  const std::string key(name.begin(), name.end());
  const Entity* found = std::lower_bound(std::begin(kEntities), std::end(kEntities), key,
                                         [](const Entity& e, const std::string& k) { return e.name < k; });
  return found != std::end(kEntities) && found->name == key ? found : nullptr;
}

bool is_ascii_digit(char32_t c) { return c >= U'0' && c <= U'9'; }
bool is_ascii_letter(char32_t c) { return (c >= U'A' && c <= U'Z') || (c >= U'a' && c <= U'z'); }
bool is_hex_digit(char32_t c) {
  return is_ascii_digit(c) || (c >= U'A' && c <= U'F') || (c >= U'a' && c <= U'f');
}

// The characters that HTML5 drops: controls and noncharacters.
bool is_dropped(uint32_t number) {
  return (number >= 0x1 && number <= 0x8) || number == 0xB || (number >= 0xE && number <= 0x1F) ||
         (number >= 0x7F && number <= 0x9F) || (number >= 0xFDD0 && number <= 0xFDEF) ||
         (number & 0xFFFE) == 0xFFFE;
}

std::u32string character_of(uint32_t number) {
  if (number == 0 || number > 0x10FFFF || (number >= 0xD800 && number <= 0xDFFF)) return {kReplacement};
  if (number >= 0x80 && number <= 0x9F) return {from_windows_1252(static_cast<uint8_t>(number))};
  if (is_dropped(number)) return {};
  return {static_cast<char32_t>(number)};
}

// A reference at the beginning of a text, after its "&".
struct Reference {
  size_t size = 0;      // characters that it takes; 0: it is none
  std::u32string text;  // what it stands for
};

Reference read_number(std::u32string_view text) {
  const bool hexadecimal = text.size() > 1 && (text[1] == U'x' || text[1] == U'X');
  const size_t begin = hexadecimal ? 2 : 1;
  size_t end = begin;
  uint32_t number = 0;
  for (; end < text.size() && (hexadecimal ? is_hex_digit(text[end]) : is_ascii_digit(text[end])); ++end) {
    const char32_t c = text[end];
    const uint32_t digit = is_ascii_digit(c) ? c - U'0' : (c | 0x20) - U'a' + 10;
    number = std::min<uint32_t>(number * (hexadecimal ? 16 : 10) + digit, 0x110000);
  }
  if (end == begin) return {};
  if (end < text.size() && text[end] == U';') ++end;
  return {end, character_of(number)};
}

Reference read_name(std::u32string_view text) {
  constexpr std::u32string_view kEnds = U"\t\n\f <&#;";
  const size_t size = std::min({text.find_first_of(kEnds), text.size(), kLongestReference});
  if (size == 0) return {};
  const std::u32string_view name = text.substr(0, size);
  if (size < text.size() && text[size] == U';') {
    if (const Entity* entity = find_entity(name)) return {size + 1, std::u32string(entity->text)};
  }
  // "&notit;" is "&not" and "it;": the longest beginning that needs no semicolon.
  for (size_t length = size; length > 1; --length) {
    const Entity* entity = find_entity(name.substr(0, length));
    if (entity != nullptr && entity->semicolon == Semicolon::optional) {
      return {length, std::u32string(entity->text)};
    }
  }
  return {};
}

Reference read_reference(std::u32string_view text) {
  if (text.empty()) return {};
  return text[0] == U'#' ? read_number(text) : read_name(text);
}

// "name;" or "#123;" with nothing else in it.
std::u32string_view whole_reference(std::u32string_view text) {
  const size_t begin = !text.empty() && text[0] == U'#' ? 1 : 0;
  size_t end = begin;
  while (end < text.size() && (is_ascii_digit(text[end]) || is_ascii_letter(text[end]))) ++end;
  const bool whole = end > begin && end - begin <= kLongestWholeReference && end < text.size();
  return whole && text[end] == U';' ? text.substr(0, end + 1) : std::u32string_view();
}

// "EACUTE": in capitals, and HTML has only the small one.
Reference read_capitals(std::u32string_view reference) {
  const std::u32string_view name = reference.substr(0, reference.size() - 1);
  std::u32string small(name);
  for (char32_t& c : small) {
    if (c >= U'a' && c <= U'z') return {};
    if (is_ascii_letter(c)) c |= 0x20;
  }
  const Entity* entity = find_entity(small);
  if (entity == nullptr || read_name(reference).size > 0) return {};
  return {reference.size(), upper_case(entity->text)};
}

Reference read_whole_reference(std::u32string_view text) {
  const std::u32string_view reference = whole_reference(text);
  if (reference.empty()) return {};
  if (reference[0] == U'#') {
    Reference number = read_number(reference);
    const bool whole = number.size == reference.size() && number.text != U";";
    return whole ? number : Reference{};
  }
  if (const Entity* entity = find_entity(reference.substr(0, reference.size() - 1))) {
    return {reference.size(), std::u32string(entity->text)};
  }
  return read_capitals(reference);
}

template <class Read>
std::u32string replace_references(std::u32string_view text, Read read) {
  std::u32string result;
  while (!text.empty()) {
    const size_t ampersand = std::min(text.find(U'&'), text.size());
    result.append(text.substr(0, ampersand));
    text.remove_prefix(ampersand);
    if (text.empty()) break;
    const Reference reference = read(text.substr(1));
    result.append(reference.size > 0 ? std::u32string_view(reference.text) : text.substr(0, 1));
    text.remove_prefix(1 + reference.size);
  }
  return result;
}

}  // namespace

std::u32string unescape_html(std::u32string_view text) { return replace_references(text, read_reference); }

std::u32string unescape_whole_html(std::u32string_view text) {
  return replace_references(text, read_whole_reference);
}

}  // namespace repbench
