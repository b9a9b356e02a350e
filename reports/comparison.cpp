#include <algorithm>
#include <cmath>

#include "reports/metric_kinds.h"
#include "reports/numbers.h"
#include "reports/rows.h"
#include "reports/statistics/paired.h"
#include "reports/table.h"

namespace repbench {
namespace {

/// Who was right, if the record's headline is a share of outcomes that are right or wrong; else null.
std::vector<uint8_t> headline_successes(const Record& record) {
  const Metric& headline = record.headline();
  const OutcomeTable* table =
      record.outcomes && !headline.column.empty() ? record.outcomes->table_of(headline.column) : nullptr;
  return table != nullptr && table->groups.empty() ? successes(headline, *table) : std::vector<uint8_t>();
}

/// "" where no paired test is possible: a repeated or missing run, or one whose headline is no share of its
/// outcomes.
std::string paired_p(const std::vector<const Record*>& reference, const std::vector<const Record*>& runs) {
  if (reference.size() != 1 || runs.size() != 1) return "";
  const std::vector<uint8_t> a = headline_successes(*reference[0]), b = headline_successes(*runs[0]);
  if (a.empty() || b.empty()) return "";
  const PairedCounts counts = paired_counts(a, b);
  return format_p(mcnemar_mid_p(counts.only_a, counts.only_b));
}

/// What the tables' cells hold, told once below the last one.
struct Contents {
  bool tested = false, pooled = false, split = false;
};

std::string comparison_note(const Contents& contents) {
  std::string note = "Headline metric of each protocol with its 95 % interval.";
  if (contents.pooled) note += " Cells with several runs: mean ± sample standard deviation over n seeds.";
  if (contents.tested) {
    note +=
        " p: exact McNemar test with the mid-p correction on the same test examples, two-sided, against the "
        "table's first row; not corrected for the number of cells.";
  }
  if (contents.split) {
    note +=
        " Columns of one protocol with different fingerprints differ in settings or data: compare within a "
        "column only.";
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

/// "knn" for "fashion_mnist: knn" in the table of fashion_mnist.
std::string heading_within(const Column& column) {
  const std::string prefix = column.dataset + ": ";
  return column.heading.starts_with(prefix) ? column.heading.substr(prefix.size()) : column.heading;
}

bool has_cell(const Row& row, const std::vector<Column>& columns) {
  return std::any_of(columns.begin(), columns.end(),
                     [&](const Column& column) { return !cell_of(row, column).empty(); });
}

Table table_of(std::vector<Row> rows, const std::vector<Column>& columns, Contents& contents) {
  std::erase_if(rows, [&](const Row& row) { return !has_cell(row, columns); });
  Table table{columns[0].dataset, "", {"encoder"}, {}};
  for (const Column& column : columns) table.columns.push_back(heading_within(column));
  for (const Row& row : rows) {
    std::vector<std::string> cells = {row.name};
    for (const Column& column : columns) {
      const auto runs = cell_of(row, column);
      const std::string p = &row == &rows[0] ? "" : paired_p(cell_of(rows[0], column), runs);
      contents.tested = contents.tested || !p.empty();
      contents.pooled = contents.pooled || runs.size() > 1;
      cells.push_back(cell_text(runs) + (p.empty() ? "" : "\n" + p));
    }
    table.rows.push_back(cells);
  }
  return table;
}

}  // namespace

std::vector<Table> comparison_tables(const std::vector<Record>& records) {
  const std::vector<const Record*> all = pointers_to(records);
  const std::vector<Row> rows = rows_of(all);
  const std::vector<Column> columns = columns_of(all);
  Contents contents;
  contents.split = splits_a_protocol(columns);
  std::vector<std::string> datasets;
  for (const Column& column : columns) {
    if (std::find(datasets.begin(), datasets.end(), column.dataset) == datasets.end())
      datasets.push_back(column.dataset);
  }
  std::vector<Table> tables;
  for (const std::string& dataset : datasets) {
    std::vector<Column> own = columns;
    std::erase_if(own, [&](const Column& column) { return column.dataset != dataset; });
    tables.push_back(table_of(rows, own, contents));
  }
  if (!tables.empty()) tables.back().note = comparison_note(contents);
  return tables;
}

}  // namespace repbench
