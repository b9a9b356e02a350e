#pragma once

#include <string>
#include <vector>

#include "reports/pivot/pivot.h"
#include "tests/reports/compare/reports_on_disk.h"

namespace repbench {

/// Runs as if they were read from files 0/report.json, 1/report.json, ...
inline std::vector<Run> as_runs(const std::vector<Record>& records) {
  std::vector<Run> runs;
  for (const Record& record : records) runs.push_back({std::to_string(runs.size()) + "/report.json", record});
  return runs;
}

inline Table pivot_of(const std::vector<Record>& records, const PivotOptions& options = {}) {
  return pivot_table(as_runs(records), options);
}

/// By mask ratio, a seed each.
inline Record masked(double mask_ratio, int seed, const std::string& protocol, int correct) {
  Record record = grid_record(mask_ratio, 1, seed, protocol, correct);
  record.checkpoint["config"] = {{"seed", seed}, {"mae", {{"mask_ratio", mask_ratio}, {"decoder_depth", 1}}}};
  return record;
}

inline Record on_dataset(Record record, const std::string& name) {
  record.dataset["name"] = name;
  record.dataset["hashes"] = {{"test", name}};
  record.fingerprint = fingerprint(record);
  return record;
}

}  // namespace repbench
