#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reports/history/instant.h"
#include "reports/page.h"
#include "reports/record.h"

// How each metric went over time: reports in order of run.time, and where the numbers change.

namespace repbench {

/// One report of a history.
struct HistoryRun {
  std::filesystem::path file;
  Record record;  // without its outcomes
  Instant instant = 0;
  std::string commit;  // "" if the program was not built from a repository
  bool dirty = false;
  std::string sha256;  // of the checkpoint; "" if it has no weights
  std::string seed;
};

/// A report, or those of several seeds of one setting by one commit on one day.
struct HistoryPoint {
  std::vector<const HistoryRun*> runs;   // by time
  double value = 0;                      // their mean
  std::optional<Interval> interval;      // of the one report, or Student's over the seeds
  std::optional<double> standard_error;  // over the test set; of the mean

  Instant instant() const { return runs[0]->instant; }
  std::string commit_text() const;      // "abc1234", "abc1234+" with local changes, "—"
  std::string checkpoint_text() const;  // "0123456", "0123456 and 2 more", "—"
};

/// Where the numbers change: its means hold from the change before to the change after it.
struct ChangePoint {
  size_t at = 0;  // in MetricHistory::points: the first one after the change
  double before = 0, after = 0;
  double p = 1;  // two-sided, times the number of places where this change could have been
  /// The same from the scatter of checkpoints on either side (Student's t), where there are three of them.
  std::optional<double> p_checkpoints;
  double difference() const { return after - before; }
};

/// One metric of one encoder, measured in one way.
struct MetricHistory {
  std::string encoder;  // the label
  bool control = false;
  std::string dataset, protocol, fingerprint;
  std::string heading;  // of all histories that share a figure
  std::string metric, unit;
  std::vector<HistoryPoint> points;  // by time, then by file
  std::string test;                  // how changes were looked for, or why they were not
  std::vector<ChangePoint> changes;
};

struct HistoryOptions {
  std::string metric = "headline";    // "all", or a metric's name
  std::optional<Instant> since = {};  // earlier reports are left out
  double alpha = 0.01;                // chance of any false change in one metric's history
};

struct History {
  std::vector<std::unique_ptr<const HistoryRun>> runs;  // by time, then by file
  std::vector<MetricHistory> metrics;                   // those of one heading follow each other
};

/// Every report below the folders. Reports of different data sets, protocols, fingerprints and definitions,
/// and times of different hardware, are different histories; different checkpoints of one label are what a
/// history is about. Throws std::invalid_argument naming the file and run.time for a time that is not one,
/// both files for two reports of one cell, time, checkpoint and seed, and the metric if it is not defined or
/// in no report; std::runtime_error if there is no report; and what read_record and read_outcomes throw.
History read_history(const std::vector<std::filesystem::path>& folders, const HistoryOptions& options = {});

/// Changes, then for each heading its figure and its points.
Page to_page(const History& history, const std::string& title);

/// {"schema_version": 1, "metrics": [{..., "points": [...], "changes": [...]}]}.
Json to_json(const History& history);

}  // namespace repbench
