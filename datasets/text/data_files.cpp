#include "datasets/text/data_files.h"

#include <fmt/format.h>

#include <cstdlib>
#include <stdexcept>

#include "files/data_folder.h"

namespace repbench {

namespace fs = std::filesystem;

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
