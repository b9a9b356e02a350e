#include "suite/run_store.h"

#include <fmt/format.h>

#include <stdexcept>

#include "files/atomic.h"
#include "files/descriptor.h"
#include "files/hash.h"

namespace repbench {

std::string cell_key(const Json& everything_that_matters) {
  return sha256(canonical_json(everything_that_matters));
}

Cell::Cell(std::filesystem::path folder, const Json& everything_that_matters) : folder_(std::move(folder)) {
  content_ = {{"cell_key", cell_key(everything_that_matters)},
              {"settings", everything_that_matters},
              {"finished", false}};
  create_folder(folder_, "run");
  lock_ = FileLock::try_acquire(folder_ / "cell.lock");
  if (!lock_)
    throw std::runtime_error(fmt::format("[run] {}: another process works on this cell", folder_.string()));
  const std::filesystem::path file = folder_ / "cell.json";
  if (!std::filesystem::exists(file)) {
    write_file_atomically(file, pretty_json(content_));
    return;
  }
  const Json stored = read_json(file);
  if (stored.value("cell_key", std::string()) != content_["cell_key"]) {
    throw std::invalid_argument(
        fmt::format("[run] {}: expected results of these settings; it holds results of others (choose "
                    "another --out, or remove it)",
                    file.string()));
  }
  finished_ = stored.value("finished", false);
}

void Cell::finish() {
  content_["finished"] = true;
  write_file_atomically(folder_ / "cell.json", pretty_json(content_));
  finished_ = true;
}

}  // namespace repbench
