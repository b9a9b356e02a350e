#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "files/tensor_source.h"

namespace repbench {

struct ZipEntry {
  std::string_view name;
  bool deflated = false;
  uint32_t crc = 0;                 // CRC-32 of the contents
  uint64_t size = 0;                // of the contents
  uint64_t begin = 0, end = 0;      // its place in the file, headers included
  std::span<const std::byte> data;  // as it lies in the file
};

/// A zip archive (PKWARE APPNOTE 6.3, zip64 included), stored or deflated. On opening, the whole directory is
/// checked: every entry lies within the file, says the same in its local header, shares no byte with another,
/// and has a relative name of its own without "..". Throws std::runtime_error "[weights] FILE: ...".
class ZipArchive {
 public:
  explicit ZipArchive(TensorSource& source);

  /// In the order of the directory.
  const std::vector<ZipEntry>& entries() const { return entries_; }

  /// Null if there is none.
  const ZipEntry* find(std::string_view name) const;

  /// The contents, their CRC-32 checked: a part of the file where they are stored, else inflated into memory
  /// of the source. Their pages in the file no longer count as this process's memory. Asking twice does the
  /// work twice.
  std::span<const std::byte> read(const ZipEntry& entry) const;

 private:
  TensorSource* source_;
  std::vector<ZipEntry> entries_;
  std::vector<uint32_t> by_name_;  // indices of entries_, sorted by name
};

}  // namespace repbench
