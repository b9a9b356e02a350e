#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Tar archives for tests, also such as no honest program writes.

namespace repbench {

enum class TarFormat { ustar, gnu, pax };

/// Written as given: what is not set is what an honest archive says.
struct TarItem {
  std::string name;
  std::string data = "";
  char type = '0';
  std::optional<std::string> size_field = {};  // 12 bytes
  std::optional<uint32_t> checksum = {};
};

inline std::string padded(std::string text, size_t size) {
  text.resize(std::max(size, text.size()), '\0');
  return text.substr(0, size);
}

/// One header of 512 bytes; `prefix` goes where ustar has the front part of a long name.
inline std::string tar_header(const TarItem& item, TarFormat format = TarFormat::ustar,
                              std::string_view prefix = "") {
  std::string header = padded(item.name, 100) + padded("0000644", 8) + padded("0000000", 8) +
                       padded("0000000", 8) +
                       padded(item.size_field.value_or(fmt::format("{:011o}", item.data.size())), 12) +
                       padded("00000000000", 12) + std::string(8, ' ') + item.type + std::string(100, '\0');
  header += format == TarFormat::gnu ? std::string("ustar  \0", 8)
                                     : std::string(
                                           "ustar\0"
                                           "00",
                                           8);
  header = padded(header, 345) + padded(std::string(prefix), 155);
  header = padded(header, 512);
  uint32_t sum = 0;
  for (const char letter : header) sum += static_cast<unsigned char>(letter);
  header.replace(148, 8, fmt::format("{:06o}", item.checksum.value_or(sum)) + std::string("\0 ", 2));
  return header;
}

inline std::string tar_blocks(std::string_view data) {
  return std::string(data) + std::string((512 - data.size() % 512) % 512, '\0');
}

inline std::string pax_record(std::string_view key, std::string_view value) {
  size_t size = key.size() + value.size() + 3;
  size_t whole = size + std::to_string(size).size();
  whole = size + std::to_string(whole).size();
  return fmt::format("{} {}={}\n", whole, key, value);
}

/// A member as `format` writes it: names over 100 bytes in a header of their own, or split for ustar.
inline std::string tar_member(TarItem item, TarFormat format = TarFormat::ustar) {
  std::string before, prefix;
  if (item.name.size() > 100 && format == TarFormat::ustar) {
    const size_t slash = item.name.rfind('/', 155);
    prefix = item.name.substr(0, slash);
    item.name = item.name.substr(slash + 1);
  } else if (item.name.size() > 100) {
    const bool gnu = format == TarFormat::gnu;
    const std::string text = gnu ? item.name + '\0' : pax_record("path", item.name);
    before = tar_header({gnu ? "././@LongLink" : "PaxHeaders/x", text, gnu ? 'L' : 'x'}, format) +
             tar_blocks(text);
  }
  return before + tar_header(item, format, prefix) + tar_blocks(item.data);
}

inline const std::string kTarEnd(1024, '\0');

inline std::string tar_of(const std::vector<TarItem>& items, TarFormat format = TarFormat::ustar) {
  std::string tar;
  for (const TarItem& item : items) tar += tar_member(item, format);
  return tar + kTarEnd;
}

}  // namespace repbench
