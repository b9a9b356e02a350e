#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "files/descriptor.h"

// Plain tar archives: ustar, pax, and GNU's long names and sizes (POSIX.1-2017 "pax", GNU tar's manual). The
// headers are walked over without reading what lies between them.

namespace repbench {

/// A regular file in an archive.
struct TarMember {
  std::string name;     // any bytes; never used as a path
  uint64_t offset = 0;  // of its contents
  uint64_t size = 0;
};

/// Walks over the regular files of an archive, as Python's tarfile does: folders, links and devices are
/// passed over, an empty block is the end. Errors are std::runtime_error "[where] FILE: expected ...; got
/// ...": an archive that is cut (naming the member and the byte), a damaged header, a sparse file.
class TarReader {
 public:
  /// Keeps `file`, `path` and `where` (the errors' prefix).
  TarReader(const Descriptor& file, const std::filesystem::path& path, std::string_view where);

  /// Nothing at the end of the archive.
  std::optional<TarMember> next();

 private:
  struct Header;

  Header read_header();
  std::string read_contents(const Header& header);
  void read_records(const Header& header);
  void check_inside(std::string_view name, uint64_t size) const;
  void pass_over(uint64_t size);
  [[noreturn]] void fail(std::string_view expected, std::string_view got) const;

  const Descriptor& file_;
  const std::filesystem::path& path_;
  std::string_view where_;
  uint64_t file_size_ = 0;
  uint64_t position_ = 0;
  // What long-name and pax headers say about the next member.
  std::optional<std::string> next_name_;
  std::optional<uint64_t> next_size_;
  std::string last_name_;  // of the member before, for errors
};

}  // namespace repbench
