#include "datasets/text/unicode_text.h"

#include <fmt/format.h>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <stdexcept>

namespace repbench {
namespace {

constexpr char32_t kReplacement = 0xFFFD;
constexpr char32_t kFirstCombining = 0x300;  // below it every text is its own NFC

icu::UnicodeString to_icu(std::u32string_view text) {
  return icu::UnicodeString::fromUTF32(reinterpret_cast<const UChar32*>(text.data()),
                                       static_cast<int32_t>(text.size()));
}

std::u32string from_icu(const icu::UnicodeString& text) {
  std::u32string result(static_cast<size_t>(text.countChar32()), U'\0');
  UErrorCode status = U_ZERO_ERROR;
  text.toUTF32(reinterpret_cast<UChar32*>(result.data()), static_cast<int32_t>(result.size()), status);
  if (status == U_STRING_NOT_TERMINATED_WARNING) status = U_ZERO_ERROR;
  if (U_FAILURE(status)) throw std::runtime_error(fmt::format("[text] ICU: {}", u_errorName(status)));
  return result;
}

std::u32string normalize(const icu::Normalizer2* normalizer, std::u32string_view text, UErrorCode status) {
  icu::UnicodeString result;
  if (U_SUCCESS(status)) result = normalizer->normalize(to_icu(text), status);
  if (U_FAILURE(status)) throw std::runtime_error(fmt::format("[text] ICU: {}", u_errorName(status)));
  return from_icu(result);
}

// Calls `take` with every code point; gives the place of the first byte that belongs to none.
template <class Take>
std::optional<size_t> walk_utf8(std::string_view text, Take take) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  const auto size = static_cast<int64_t>(text.size());
  for (int64_t i = 0; i < size;) {
    const int64_t begin = i;
    UChar32 character;
    U8_NEXT(bytes, i, size, character);
    if (character < 0) return static_cast<size_t>(begin);
    take(static_cast<char32_t>(character));
  }
  return std::nullopt;
}

}  // namespace

std::optional<size_t> find_invalid_utf8(std::string_view text) {
  return walk_utf8(text, [](char32_t) {});
}

std::u32string from_utf8(std::string_view text) {
  std::u32string result;
  result.reserve(text.size());
  if (const auto place = walk_utf8(text, [&](char32_t character) { result.push_back(character); })) {
    throw std::invalid_argument(fmt::format("[text] expected UTF-8; got the byte {:#04x} at byte {}",
                                            static_cast<uint8_t>(text[*place]), *place));
  }
  return result;
}

std::string to_utf8(std::u32string_view text) {
  std::string result;
  result.reserve(text.size());
  for (char32_t character : text) {
    if (character > 0x10FFFF || U_IS_SURROGATE(character)) character = kReplacement;
    uint8_t bytes[U8_MAX_LENGTH];
    int size = 0;
    U8_APPEND_UNSAFE(bytes, size, character);
    result.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  }
  return result;
}

std::u32string compose(std::u32string_view text) {
  if (std::all_of(text.begin(), text.end(), [](char32_t c) { return c < kFirstCombining; })) {
    return std::u32string(text);
  }
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = icu::Normalizer2::getNFCInstance(status);
  return normalize(normalizer, text, status);
}

std::u32string compatibility_compose(std::u32string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = icu::Normalizer2::getNFKCInstance(status);
  return normalize(normalizer, text, status);
}

std::u32string lower_case(std::u32string_view text) {
  return from_icu(to_icu(text).toLower(icu::Locale::getRoot()));
}

std::u32string upper_case(std::u32string_view text) {
  return from_icu(to_icu(text).toUpper(icu::Locale::getRoot()));
}

bool is_space(char32_t character) { return u_isUWhiteSpace(static_cast<UChar32>(character)); }

bool is_digit(char32_t character) { return u_isdigit(static_cast<UChar32>(character)); }

}  // namespace repbench
