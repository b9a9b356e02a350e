#include "datasets/text/data_files.h"

#include <fmt/format.h>

#include <cstdlib>
#include <stdexcept>

namespace repbench {
namespace {

namespace fs = std::filesystem;

// PREFIX/share/repbench/NAME for a program in PREFIX/bin.
fs::path installed_folder(std::string_view name) {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return program.parent_path().parent_path() / "share" / "repbench" / name;
}

fs::path data_folder(std::string_view name, const fs::path& built) {
  const fs::path installed = installed_folder(name);
  return fs::is_directory(installed) ? installed : built;
}

}  // namespace

fs::path text_data_file(std::string_view name) {
  const char* chosen = std::getenv("REPBENCH_TEXT_DATA");
  const bool given = chosen != nullptr && *chosen != '\0';
  const fs::path path = (given ? fs::path(chosen) : data_folder("text", REPBENCH_BUILT_TEXT_DATA)) / name;
  if (fs::is_regular_file(path)) return path;
  throw std::runtime_error(
      fmt::format("[text] {}: expected a file that setup unpacks; got none (run `make "
                  "setup`, or set REPBENCH_TEXT_DATA to the folder that has it)",
                  path.string()));
}

fs::path own_prompts_folder() { return data_folder("prompts", REPBENCH_BUILT_PROMPTS); }

}  // namespace repbench
