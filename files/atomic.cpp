#include "files/atomic.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>
#include <system_error>
#include <utility>

namespace repbench {
namespace {

namespace fs = std::filesystem;

void rename_path(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) throw_system_error("write", to, "to take its final name");
}

bool is_at(const fs::path& path, const Descriptor& file) {
  struct stat named {};
  struct stat opened {};
  return ::lstat(path.c_str(), &named) == 0 && ::fstat(file.get(), &opened) == 0 &&
         named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

// Takes over what a killed process left. While we wait for another writer, its commit renames the file that
// we have opened: then we start again. On a file system without locks, only the protection between writers is
// lost.
Descriptor open_temporary(const fs::path& path) {
  while (true) {
    Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (file.get() < 0) throw_system_error("write", path, "a file that can be made");
    while (::flock(file.get(), LOCK_EX) != 0 && errno == EINTR) {
    }
    if (!is_at(path, file)) continue;
    if (::ftruncate(file.get(), 0) != 0) throw_system_error("write", path, "a file that can be emptied");
    return file;
  }
}

}  // namespace

std::string read_file(const fs::path& path) {
  std::string bytes;
  read_pieces(path, "read", [&](std::string_view piece) { bytes += piece; });
  return bytes;
}

std::string read_regular_file(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!error && !fs::is_regular_file(status)) {
    throw std::runtime_error(
        fmt::format("[read] {}: expected a regular file; got a folder, a pipe or a device", path.string()));
  }
  return read_file(path);
}

void write_file_atomically(const fs::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

void sync_to_disk(const fs::path& path) {
  const Descriptor file = open_for_reading(path, "write");
  // EINVAL: a kind of file that has nothing to flush.
  if (::fsync(file.get()) != 0 && errno != EINVAL) throw_system_error("write", path, "to reach the disk");
}

AtomicFile::AtomicFile(fs::path final_path)
    : final_path_(std::move(final_path)), temporary_path_(fs::path(final_path_) += ".tmp"), file_(-1) {
  if (!final_path_.has_filename()) {
    throw std::invalid_argument(
        fmt::format("[write] expected the path of a file; got '{}'", final_path_.string()));
  }
  std::error_code error;
  const fs::file_status target = fs::status(final_path_, error);
  if (fs::exists(target) && !fs::is_regular_file(target) && !fs::is_directory(target)) {
    throw std::invalid_argument(fmt::format(
        "[write] {}: expected a file or nothing there; got a device or pipe, which would be replaced",
        final_path_.string()));
  }
  create_folder(folder_of(final_path_), "write");
  file_ = open_temporary(temporary_path_);
}

AtomicFile::~AtomicFile() {
  if (!committed_) ::unlink(temporary_path_.c_str());
}

void AtomicFile::write(std::string_view bytes) { write(std::as_bytes(std::span(bytes))); }

void AtomicFile::write(std::span<const std::byte> bytes) {
  if (committed_) throw std::logic_error("[write] expected bytes before commit(); got some after it");
  while (!bytes.empty()) {
    const ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
    if (count >= 0) {
      bytes = bytes.subspan(static_cast<size_t>(count));
    } else if (errno != EINTR) {
      const int code = errno;
      throw_system_error("write", final_path_, fmt::format("room for {} more bytes", bytes.size()), code);
    }
  }
}

void AtomicFile::commit() {
  if (committed_) throw std::logic_error("[write] expected one commit(); got a second one");
  if (::fsync(file_.get()) != 0) throw_system_error("write", final_path_, "to reach the disk");
  // Renamed before it is closed: closing ends the lock, and the next writer would empty this very file.
  rename_path(temporary_path_, final_path_);
  committed_ = true;
  if (!file_.close()) throw_system_error("write", final_path_, "to be closed");
  sync_to_disk(folder_of(final_path_));
}

}  // namespace repbench
