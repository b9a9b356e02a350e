#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "files/descriptor.h"

// A reader sees the old content or the new content, never a half: everything is written beside its final
// place, fsynced, and renamed. Errors are std::runtime_error naming the path and the system's reason.

namespace repbench {

/// The whole file as bytes.
std::string read_file(const std::filesystem::path& path);

/// Of a regular file alone: a pipe would be waited for, and a device may have no end.
std::string read_regular_file(const std::filesystem::path& path);

/// Creates missing parent folders, replaces an existing file.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// Flushes a file or a folder's entries to the disk.
void sync_to_disk(const std::filesystem::path& path);

/// A file written piece by piece that appears under its final name only when `commit` is called; until then
/// it is `NAME.tmp`, which the destructor removes. Creates missing parent folders. A second writer of the
/// same file, in this process or another, waits in the constructor until the first is done.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path final_path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view bytes);

  /// Fsyncs, renames, fsyncs the folder. Nothing may be written afterwards.
  void commit();

 private:
  std::filesystem::path final_path_;
  std::filesystem::path temporary_path_;
  Descriptor file_;
  bool committed_ = false;
};

/// A folder that appears under its final name only when `commit` is called; until then it is `NAME.tmp`.
/// The destructor removes what was not committed. One writer at a time: hold a FileLock where two could meet.
class AtomicFolder {
 public:
  /// Removes a stale `NAME.tmp` that a killed process left.
  explicit AtomicFolder(const std::filesystem::path& final_path);
  ~AtomicFolder();
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;

  /// Where to write now.
  const std::filesystem::path& path() const { return temporary_path_; }

  /// Fsyncs every file and the folder, then renames; an existing folder of that name is replaced by one
  /// exchange of names. Where the file system cannot exchange (NFS), the old one is `NAME.tmp.old` for a
  /// moment, and the next constructor puts it back if the process died in that moment.
  void commit();

 private:
  std::filesystem::path final_path_;
  std::filesystem::path temporary_path_;
  std::filesystem::path replaced_path_;
  bool committed_ = false;
};

}  // namespace repbench
