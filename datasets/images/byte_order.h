#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace repbench {

/// The unsigned number of `size` bytes at `at`; 0 where the bytes end before.
inline uint64_t number_at(std::span<const std::byte> bytes, size_t at, int size, bool big_endian) {
  if (at > bytes.size() || bytes.size() - at < static_cast<size_t>(size)) return 0;
  uint64_t value = 0;
  for (int i = 0; i < size; ++i) {
    const int place = big_endian ? i : size - 1 - i;
    value = value << 8 | std::to_integer<uint64_t>(bytes[at + place]);
  }
  return value;
}

inline uint32_t big32(std::span<const std::byte> bytes, size_t at) {
  return static_cast<uint32_t>(number_at(bytes, at, 4, true));
}
inline uint32_t big16(std::span<const std::byte> bytes, size_t at) {
  return static_cast<uint32_t>(number_at(bytes, at, 2, true));
}
inline uint32_t little32(std::span<const std::byte> bytes, size_t at) {
  return static_cast<uint32_t>(number_at(bytes, at, 4, false));
}
inline uint32_t little16(std::span<const std::byte> bytes, size_t at) {
  return static_cast<uint32_t>(number_at(bytes, at, 2, false));
}
inline uint32_t byte_at(std::span<const std::byte> bytes, size_t at) {
  return at < bytes.size() ? std::to_integer<uint32_t>(bytes[at]) : 0;
}

/// Part of the bytes, as far as there are any.
inline std::span<const std::byte> part(std::span<const std::byte> bytes, size_t at, size_t size) {
  if (at > bytes.size()) return {};
  return bytes.subspan(at, size < bytes.size() - at ? size : bytes.size() - at);
}

}  // namespace repbench
