#include "files/lock.h"

#include <fcntl.h>
#include <sys/file.h>

namespace repbench {

std::optional<FileLock> FileLock::try_acquire(const std::filesystem::path& path) {
  create_folder(folder_of(path), "lock");
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (file.get() < 0) throw_system_error("lock", path, "a file that can be made");
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return std::nullopt;
    if (errno != EINTR) throw_system_error("lock", path, "a file system with locks");
  }
  return FileLock(std::move(file));
}

}  // namespace repbench
