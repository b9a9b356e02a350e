#pragma once

#include <string>
#include <vector>

#include "reports/pivot/cells.h"
#include "reports/references.h"

namespace repbench {

/// A column of a published table beside one of ours.
struct PublishedColumn {
  size_t beside = 0;  // our column
  std::string heading;
  std::vector<std::string> cells;  // one a row: "73.5 (Figure 5)", "—"
};

struct Published {
  std::vector<PublishedColumn> columns;  // by our column
  std::string note;                      // the source, and under which conditions theirs were measured
};

/// Their cells beside ours: of the same protocol and metric, of the same data set and encoder where their
/// column (or their axis) names one, and of the same value on their axis. Throws std::invalid_argument if
/// none of our reports has that axis.
Published find_published(const Pivot& pivot, const ReferenceTable& table);

}  // namespace repbench
