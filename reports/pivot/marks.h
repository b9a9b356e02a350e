#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "reports/pivot/cells.h"

namespace repbench {

/// Which cells say something, by (row, column).
struct Marks {
  std::vector<std::pair<size_t, size_t>> bold;  // best beyond its interval
  std::set<std::pair<size_t, size_t>> daggers;  // another than the first row, significantly
  size_t tests = 0;                             // behind the daggers
  size_t untested = 0;                          // cells below a first row
  bool tested_outcomes = false, tested_seeds = false;

  /// What a note must say of them; "" if nothing was tested and nothing is bold.
  std::string text() const;
};

/// Bold: the column's best, where its interval overlaps no other cell's. Dagger: differs from the cell of the
/// first row by an exact McNemar test (mid-p) on the same examples, or by a paired t test over two or more
/// common seeds; Holm-corrected over the table at 5 %. Columns whose cells may not be compared get neither.
/// Reads the outcomes of single runs. Throws what read_outcomes throws.
Marks find_marks(const Pivot& pivot);

/// 95 %; of several runs over their seeds.
std::optional<Interval> interval_of(const PivotCell& cell);

}  // namespace repbench
