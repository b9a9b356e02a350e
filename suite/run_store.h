#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "files/json.h"
#include "files/lock.h"

// RUNS/<cell>/cell.json carries the cell's key: a hash of everything that affects its result. A finished cell
// with the same key is skipped; one with another key is refused rather than overwritten.

namespace repbench {

/// sha256 of what affects a cell's result.
std::string cell_key(const Json& everything_that_matters);

/// A cell that this process may work on. Holds the cell's lock as long as it lives.
class Cell {
 public:
  /// Throws std::runtime_error if another process works on it, std::invalid_argument if the folder belongs to
  /// a cell of another key (naming the folder).
  Cell(std::filesystem::path folder, const Json& everything_that_matters);

  bool finished() const { return finished_; }
  const std::filesystem::path& folder() const { return folder_; }

  /// Marks it as finished.
  void finish();

 private:
  std::filesystem::path folder_;
  Json content_;
  bool finished_ = false;
  std::optional<FileLock> lock_;
};

}  // namespace repbench
