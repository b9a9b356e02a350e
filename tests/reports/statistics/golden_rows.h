#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "files/json.h"

namespace repbench {

/// One table of tests/golden/statistics.json.
inline Json golden_rows(const std::string& table) {
  return read_json(std::filesystem::path(REPBENCH_SOURCE_DIR) / "tests/golden/statistics.json").at(table);
}

}  // namespace repbench
