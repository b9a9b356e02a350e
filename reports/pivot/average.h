#pragma once

#include <string>
#include <vector>

#include "reports/pivot/cells.h"

namespace repbench {

/// A last column with what it hides.
struct AverageColumn {
  std::vector<std::string> cells;  // one a row, "—" where a cell of the row is missing
  std::string note;
};

/// The mean over the columns, in complete rows alone. Throws std::invalid_argument naming the column if one
/// is no share of which more is better, or if there are fewer than two columns.
AverageColumn average_column(const Pivot& pivot, const std::vector<std::string>& headings);

}  // namespace repbench
