#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "reports/record.h"

namespace repbench {

struct Run {
  std::filesystem::path file;
  Record record;  // its outcomes are loaded while it is compared
};

/// Every report below the folders. Throws what find_reports and read_record throw, and std::runtime_error if
/// there is none.
std::vector<Run> read_runs(const std::vector<std::filesystem::path>& folders);

/// What one encoder was found to be by one protocol on one data set in one way: a report a seed of
/// pretraining.
struct ReportCell {
  std::string encoder;  // the row's name in tables
  bool control = false;
  std::string dataset, protocol, fingerprint;
  std::vector<Run> runs;     // by seed
  std::string variant = "";  // "k=20" where its side has this protocol on this data set in several ways
};

/// One of the two that are compared: a report, or folders of them.
struct Side {
  std::string name;  // as it was given
  std::vector<ReportCell> cells;
};

/// Throws std::invalid_argument naming both files if two reports are of one cell and seed, and whatever
/// read_record and find_reports throw; std::runtime_error if there is no report.
Side read_side(const std::filesystem::path& path);

}  // namespace repbench
