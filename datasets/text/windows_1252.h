#pragma once

#include <cstdint>
#include <optional>

namespace repbench {

/// The character that a byte of Windows-1252 is; the five bytes without one are C1 controls.
char32_t from_windows_1252(uint8_t byte);

std::optional<uint8_t> to_windows_1252(char32_t character);

}  // namespace repbench
