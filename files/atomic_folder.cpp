#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>

#include <stdexcept>

#include "files/atomic.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

// "runs/a/" names the folder "a"; its temporary lies beside it, not in it.
fs::path without_trailing_slash(const fs::path& path) {
  fs::path normal = path.lexically_normal();
  if (!normal.has_filename()) normal = normal.parent_path();
  if (!normal.has_filename() || normal.filename() == "." || normal.filename() == "..") {
    throw std::invalid_argument(
        fmt::format("[folder] expected the name of a folder; got '{}'", path.string()));
  }
  return normal;
}

bool is_there(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path, error);
  if (error && status.type() != fs::file_type::not_found) {
    throw_system_error("folder", path, "a reachable path", error.value());
  }
  return status.type() != fs::file_type::not_found;
}

void remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) throw_system_error("folder", path, "to remove this", error.value());
}

void rename_folder(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    throw_system_error("folder", from, "a folder that can be renamed");
  }
}

void sync_tree(const fs::path& folder) {
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    const fs::file_type type = entry.symlink_status().type();
    if (type == fs::file_type::regular || type == fs::file_type::directory) sync_to_disk(entry.path());
  }
  sync_to_disk(folder);
}

// True if the names were exchanged; false if the file system cannot.
bool exchange(const fs::path& left, const fs::path& right) {
  if (::renameat2(AT_FDCWD, left.c_str(), AT_FDCWD, right.c_str(), RENAME_EXCHANGE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS)
    throw_system_error("folder", right, "a folder that can be replaced");
  return false;
}

}  // namespace

AtomicFolder::AtomicFolder(const fs::path& final_path)
    : final_path_(without_trailing_slash(final_path)),
      temporary_path_(fs::path(final_path_) += ".tmp"),
      replaced_path_(fs::path(final_path_) += ".tmp.old") {
  if (is_there(replaced_path_) && !is_there(final_path_)) rename_folder(replaced_path_, final_path_);
  remove_tree(replaced_path_);
  remove_tree(temporary_path_);
  create_folder(temporary_path_, "folder");
}

AtomicFolder::~AtomicFolder() {
  std::error_code ignored;
  if (!committed_) fs::remove_all(temporary_path_, ignored);
}

void AtomicFolder::commit() {
  if (committed_) throw std::logic_error("[folder] expected one commit(); got a second one");
  sync_tree(temporary_path_);
  const bool replaces = is_there(final_path_);
  if (replaces && !fs::is_directory(final_path_)) {
    throw_system_error("folder", final_path_, "a folder or nothing", ENOTDIR);
  }
  const bool exchanged = replaces && exchange(temporary_path_, final_path_);
  if (!exchanged) {
    if (replaces) rename_folder(final_path_, replaced_path_);
    rename_folder(temporary_path_, final_path_);
  }
  committed_ = true;
  sync_to_disk(folder_of(final_path_));
  // The old content goes only when the new name is on the disk.
  if (replaces) remove_tree(exchanged ? temporary_path_ : replaced_path_);
}

}  // namespace repbench
