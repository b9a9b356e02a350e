#pragma once

#include <zlib.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Zip archives for tests, also such as no honest program writes.

namespace repbench {

/// Written as given: what is not set is what an honest archive says.
struct ZipItem {
  std::string name;
  std::string data;  // as it lies in the archive
  uint16_t method = 0;
  uint16_t flags = 0;
  std::optional<uint32_t> crc = {}, size = {}, packed_size = {}, offset = {};
  std::optional<std::string> local_name = {};
  std::optional<uint32_t> local_size = {};
  std::optional<uint16_t> local_method = {};
};

template <class Number>
std::string little_endian(Number number) {
  return std::string(reinterpret_cast<const char*>(&number), sizeof number);
}

inline uint32_t crc_of(std::string_view bytes) {
  return static_cast<uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

inline std::string zip_of(const std::vector<ZipItem>& items) {
  std::string file, directory;
  for (const ZipItem& item : items) {
    const auto size = static_cast<uint32_t>(item.data.size());
    const auto fields = [&](uint16_t method, uint32_t full) {
      return little_endian(item.flags) + little_endian(method) + std::string(4, '\0') +
             little_endian(item.crc.value_or(crc_of(item.data))) +
             little_endian(item.packed_size.value_or(size)) + little_endian(full);
    };
    const uint32_t full = item.size.value_or(size);
    const std::string local_name = item.local_name.value_or(item.name);
    const auto offset = static_cast<uint32_t>(file.size());
    file += little_endian(uint32_t{0x04034b50}) + little_endian(uint16_t{20}) +
            fields(item.local_method.value_or(item.method), item.local_size.value_or(full)) +
            little_endian(static_cast<uint16_t>(local_name.size())) + little_endian(uint16_t{0}) +
            local_name + item.data;
    directory += little_endian(uint32_t{0x02014b50}) + little_endian(uint16_t{20}) +
                 little_endian(uint16_t{20}) + fields(item.method, full) +
                 little_endian(static_cast<uint16_t>(item.name.size())) + std::string(12, '\0') +
                 little_endian(item.offset.value_or(offset)) + item.name;
  }
  const auto count = static_cast<uint16_t>(items.size());
  return file + directory + little_endian(uint32_t{0x06054b50}) + std::string(4, '\0') +
         little_endian(count) + little_endian(count) +
         little_endian(static_cast<uint32_t>(directory.size())) +
         little_endian(static_cast<uint32_t>(file.size())) + little_endian(uint16_t{0});
}

/// A raw deflate stream.
inline std::string deflated(std::string_view bytes) {
  z_stream stream{};
  ::deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY);
  std::string packed(::deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  ::deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  return packed;
}

inline ZipItem deflated_item(std::string name, std::string_view contents) {
  return {.name = std::move(name),
          .data = deflated(contents),
          .method = 8,
          .crc = crc_of(contents),
          .size = static_cast<uint32_t>(contents.size())};
}

}  // namespace repbench
