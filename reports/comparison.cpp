#include <fmt/format.h>

#include "reports/numbers.h"
#include "reports/rows.h"
#include "reports/statistics.h"
#include "reports/table.h"

namespace repbench {
namespace {

/// "" where no paired test is possible: a repeated or missing run, or one without outcomes.
std::string paired_p(const std::vector<const Record*>& reference, const std::vector<const Record*>& runs) {
  if (reference.size() != 1 || runs.size() != 1 || !reference[0]->outcomes || !runs[0]->outcomes) return "";
  const PairedCounts counts = paired_counts(*reference[0]->outcomes, *runs[0]->outcomes);
  return format_p(mcnemar_mid_p(counts.only_a, counts.only_b));
}

std::string comparison_note(const std::string& reference, bool tested, bool pooled, bool split) {
  std::string note = "Headline metric of each protocol with its 95 % interval.";
  if (pooled) note += " Rows with several runs: mean ± sample standard deviation over n seeds.";
  if (tested) {
    note += fmt::format(
        " p: exact McNemar test with the mid-p correction on the same test examples, two-sided, against the "
        "first row "
        "({}); not corrected for the number of cells.",
        reference);
  }
  if (split) {
    note +=
        " Columns of one protocol with different fingerprints differ in settings or data: compare within a "
        "column "
        "only.";
  }
  return note;
}

bool splits_a_protocol(const std::vector<Column>& columns) {
  for (size_t i = 0; i < columns.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (columns[i].dataset == columns[j].dataset && columns[i].protocol == columns[j].protocol) return true;
    }
  }
  return false;
}

}  // namespace

Table comparison_table(const std::vector<Record>& records) {
  const std::vector<const Record*> all = pointers_to(records);
  const std::vector<Row> rows = rows_of(all);
  const std::vector<Column> columns = columns_of(all);
  Table table;
  table.title = "Comparison";
  table.columns = {"encoder"};
  for (const Column& column : columns) table.columns.push_back(column.heading);
  bool tested = false, pooled = false;
  for (const Row& row : rows) {
    std::vector<std::string> cells = {row.name};
    for (const Column& column : columns) {
      const auto runs = cell_of(row, column);
      const std::string p = &row == &rows[0] ? "" : paired_p(cell_of(rows[0], column), runs);
      tested = tested || !p.empty();
      pooled = pooled || runs.size() > 1;
      cells.push_back(cell_text(runs) + (p.empty() ? "" : "\n" + p));
    }
    table.rows.push_back(cells);
  }
  table.note = rows.empty() ? "" : comparison_note(rows[0].name, tested, pooled, splits_a_protocol(columns));
  return table;
}

}  // namespace repbench
