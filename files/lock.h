#pragma once

#include <filesystem>
#include <optional>
#include <utility>

#include "files/descriptor.h"

namespace repbench {

/// An advisory lock (flock) that the system drops when the process ends, however it ends. The file stays.
class FileLock {
 public:
  /// Empty if somebody holds it, in another process or in this one. Creates missing parent folders.
  /// Throws std::runtime_error if the file cannot be made.
  static std::optional<FileLock> try_acquire(const std::filesystem::path& path);

 private:
  explicit FileLock(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
};

}  // namespace repbench
