#pragma once

#include <filesystem>
#include <optional>

#include "datasets/kinds/tar_index.h"

// A tar's index is kept, so that a shard is walked through once and not at every start.

namespace repbench {

/// What tells that a file is still the one that was indexed.
struct FileStamp {
  uint64_t size = 0;
  int64_t modified_ns = 0;  // since 1970

  bool operator==(const FileStamp&) const = default;
};

/// Throws std::runtime_error "[shards] ..." if there is no such file.
FileStamp stamp_of(const std::filesystem::path& tar);

/// $XDG_CACHE_HOME/repbench/shards, or ~/.cache/repbench/shards; "" where neither variable is set.
std::filesystem::path default_index_folder();

/// The tar's index: from `folder`, where it lies under the sha256 of (real path, stamp), else made anew and
/// written there. A broken index file is made again; a folder that cannot be written is no error; "" keeps
/// nothing. Throws as index_tar.
TarIndex kept_tar_index(const std::filesystem::path& tar, const FileStamp& stamp,
                        const std::filesystem::path& folder, bool hash_contents);

}  // namespace repbench
