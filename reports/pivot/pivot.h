#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "reports/compare/sides.h"
#include "reports/table.h"

namespace repbench {

struct PivotOptions {
  std::vector<std::string> rows = {"encoder"};  // keys: reports/pivot/keys.h
  std::vector<std::string> columns = {"dataset", "protocol"};
  std::vector<std::string> where = {};  // "KEY=VALUE": reports that have it; all must hold
  std::string metric = "headline";      // "headline", "all", or a metric's name
  bool average = false;                 // a last column
  std::string reference = {};           // "mae:decoder_depth": published numbers beside ours; "" for none
};

/// Reports as rows x columns of a metric with its interval, or mean ± deviation over seeds; "—" where there
/// is none. Bold and daggers as reports/pivot/marks.h says, the note tells how. Outcomes are read where a
/// test needs them. Throws std::invalid_argument for an unknown key, metric or reference (naming the
/// nearest), two reports for one cell, a condition that no report fulfils, and an average of what is not all
/// shares.
Table pivot_table(const std::vector<Run>& runs, const PivotOptions& options);

}  // namespace repbench
