#include "datasets/text/windows_1252.h"

#include <algorithm>
#include <array>

namespace repbench {
namespace {

constexpr std::array<char32_t, 32> kUpperControls = {
    0x20AC, 0x81,   0x201A, 0x192,  0x201E, 0x2026, 0x2020, 0x2021, 0x2C6,  0x2030, 0x160,
    0x2039, 0x152,  0x8D,   0x17D,  0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x2DC,  0x2122, 0x161,  0x203A, 0x153,  0x9D,   0x17E,  0x178};

}  // namespace

char32_t from_windows_1252(uint8_t byte) {
  return byte >= 0x80 && byte < 0xA0 ? kUpperControls[byte - 0x80] : char32_t{byte};
}

std::optional<uint8_t> to_windows_1252(char32_t character) {
  const auto* found = std::find(kUpperControls.begin(), kUpperControls.end(), character);
  if (found != kUpperControls.end()) return static_cast<uint8_t>(0x80 + (found - kUpperControls.begin()));
  if (character < 0x80 || (character >= 0xA0 && character < 0x100)) return static_cast<uint8_t>(character);
  return std::nullopt;
}

}  // namespace repbench
