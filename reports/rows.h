#pragma once

#include <string>
#include <vector>

#include "reports/record.h"

namespace repbench {

/// What tables call a checkpoint: its reports, those of its repetitions with other seeds included.
struct Row {
  std::string name;
  bool control = false;  // "untrained", "raw pixels": what an honest table compares with
  std::vector<const Record*> records;
};

std::string label_of(const Record& record);
bool is_control(const Record& record);

/// Rows in order of first appearance, the trained ones first. A label that stands for several settings is
/// followed by what varies ("MAE mask_ratio=0.5"); several checkpoints of one setting and seed by the start
/// of their sha256.
std::vector<Row> rows_of(const std::vector<const Record*>& records);

/// One report for each of the row's checkpoints: the one that tells most of its training.
std::vector<const Record*> checkpoints_of(const Row& row);

/// Reports side by side must have been measured in one way: (data set, protocol, fingerprint).
struct Column {
  std::string dataset, protocol, fingerprint;
  std::string heading;
  const Record* example = nullptr;
  bool holds(const Record& record) const;
};

/// In order of first appearance; fingerprints of one protocol are told apart in the heading by the setting
/// that differs ("fashion_mnist: linear_probe solver=ridge") or by a number ("… (2)").
std::vector<Column> columns_of(const std::vector<const Record*>& records);

/// The row's reports in this column; a report that lies in two folders counts once.
std::vector<const Record*> cell_of(const Row& row, const Column& column);

/// One run: its metric with its interval; several: mean ± deviation over them; none: "—".
std::string cell_text(const std::vector<const Record*>& runs);

std::vector<const Record*> pointers_to(const std::vector<Record>& records);

}  // namespace repbench
