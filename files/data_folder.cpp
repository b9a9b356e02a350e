#include "files/data_folder.h"

namespace repbench {

namespace fs = std::filesystem;

fs::path data_folder(std::string_view name, const fs::path& built) {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const fs::path installed = program.parent_path().parent_path() / "share" / "repbench" / name;
  return fs::is_directory(installed, error) ? installed : built;
}

}  // namespace repbench
