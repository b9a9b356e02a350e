#include "files/utf8.h"

#include <cstdint>

namespace repbench {
namespace {

// Well-formed sequences by their first byte (Unicode, table 3-7): how many bytes follow, and the range of the
// first of them. The others are 80 ... BF.
struct Sequence {
  size_t following;
  uint8_t low = 0x80, high = 0xBF;
};

std::optional<Sequence> sequence_of(uint8_t first) {
  if (first < 0x80) return Sequence{0};
  if (first >= 0xC2 && first <= 0xDF) return Sequence{1};
  if (first == 0xE0) return Sequence{2, 0xA0, 0xBF};
  if (first == 0xED) return Sequence{2, 0x80, 0x9F};
  if (first >= 0xE1 && first <= 0xEF) return Sequence{2};
  if (first == 0xF0) return Sequence{3, 0x90, 0xBF};
  if (first >= 0xF1 && first <= 0xF3) return Sequence{3};
  if (first == 0xF4) return Sequence{3, 0x80, 0x8F};
  return std::nullopt;
}

}  // namespace

std::optional<size_t> find_broken_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto sequence = sequence_of(static_cast<uint8_t>(text[i]));
    if (!sequence || text.size() - i <= sequence->following) return i;
    for (size_t k = 1; k <= sequence->following; ++k) {
      const auto byte = static_cast<uint8_t>(text[i + k]);
      const bool in_range = k == 1 ? byte >= sequence->low && byte <= sequence->high : byte >> 6 == 2;
      if (!in_range) return i;
    }
    i += 1 + sequence->following;
  }
  return std::nullopt;
}

std::string repaired_utf8(std::string_view bytes) {
  std::string text;
  while (const std::optional<size_t> broken = find_broken_utf8(bytes)) {
    text.append(bytes.substr(0, *broken)).append("\xef\xbf\xbd");
    bytes.remove_prefix(*broken + 1);
  }
  return text.append(bytes);
}

}  // namespace repbench
