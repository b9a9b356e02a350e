#pragma once

#include <filesystem>
#include <string>

#include "tests/files/scratch_folder.h"
#include "tests/reports/sample_record.h"

namespace repbench {

/// Makes `record` right on exactly the first `correct` examples but for `lost` of them, and on `won` more.
inline void set_outcomes(Record& record, int n, int correct, int lost = 0, int won = 0) {
  std::vector<double>& column = record.outcomes->tables[0].columns["correct"];
  column.assign(static_cast<size_t>(n), 0);
  for (int i = lost; i < correct + won; ++i) column[static_cast<size_t>(i)] = 1;
  record.metrics[0] = accuracy_metric(correct - lost + won, n);
}

/// A report of `protocol` by an encoder called `label`, right on 800 of 1,000 less `lost` plus `won`.
inline Record judged(const std::string& label, const std::string& protocol, int lost = 0, int won = 0) {
  Record record = sample_record(label, protocol, 800);
  set_outcomes(record, 1000, 800, lost, won);
  return record;
}

inline Record with_setting(Record record, const std::string& key, const Json& value) {
  record.requested[key] = value;
  record.identity.push_back(key);
  record.fingerprint = fingerprint(record);
  return record;
}

/// One of several repetitions of pretraining.
inline Record with_seed(Record record, int seed) {
  record.checkpoint["config"]["seed"] = seed;
  record.checkpoint["sha256"] = std::string(63, 'a') + std::to_string(seed % 10);
  return record;
}

}  // namespace repbench
