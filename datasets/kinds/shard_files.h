#pragma once

#include <cstddef>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "datasets/kinds/shard_index_file.h"
#include "files/descriptor.h"

namespace repbench {

/// The open files of many shards: those used last stay open, few enough for any system's limit. Thread-safe.
class ShardFiles {
 public:
  struct File {
    std::filesystem::path path;
    FileStamp stamp;
  };
  explicit ShardFiles(std::vector<File> files) : files_(std::move(files)), open_(files_.size()) {}

  const std::filesystem::path& path(size_t shard) const { return files_[shard].path; }

  /// Stays open as long as it is held. Throws std::runtime_error if the file cannot be opened, or is not the
  /// one that was indexed.
  std::shared_ptr<const Descriptor> open(size_t shard);

 private:
  std::vector<File> files_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<const Descriptor>> open_;
  std::deque<size_t> order_;  // of those that are open, the first opened in front
};

}  // namespace repbench
