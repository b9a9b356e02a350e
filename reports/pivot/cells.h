#pragma once

#include <string>
#include <vector>

#include "reports/pivot/keys.h"

namespace repbench {

/// One run, or the repetitions of one setting with several seeds; empty: missing.
struct PivotCell {
  std::vector<Observation> runs;

  bool empty() const { return runs.empty(); }
  const Metric& metric() const { return *runs[0].metric; }
  double mean() const;
};

struct Pivot {
  std::vector<std::string> row_keys, column_keys;
  std::vector<std::vector<std::string>> rows, columns;  // values of the keys
  std::vector<std::vector<PivotCell>> cells;            // [row][column]

  /// The first run of a column; every column has one.
  const Observation& example(size_t column) const;
};

/// Rows and columns in ascending order where their values are numbers, else as they come; controls and what
/// lacks a key last. Throws std::invalid_argument "two reports for one cell" naming both files and the first
/// key in which they differ, unless that is the seed; copies of one report count once.
Pivot make_pivot(const std::vector<Observation>& observations, std::vector<std::string> row_keys,
                 std::vector<std::string> column_keys);

/// May these two be compared: one metric, measured in one way on the same data, but for the settings that the
/// rows show?
bool are_comparable(const Pivot& pivot, const PivotCell& a, const PivotCell& b);

}  // namespace repbench
