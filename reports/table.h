#pragma once

#include <string>
#include <utility>
#include <vector>

#include "files/json.h"
#include "reports/record.h"

namespace repbench {

/// Text cells with a heading; numbers arrive formatted. A line break in a cell is kept by HTML and written as
/// "; " elsewhere.
struct Table {
  std::string title;
  std::string note;  // one paragraph under the table; "" if none
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;        // each as long as `columns`
  std::vector<std::pair<size_t, size_t>> bold = {};  // (row, column); CSV does without
};

// Each throws std::logic_error for rows of another length than `columns`, and for a bold cell that is not
// there.
std::string to_markdown(const Table& table);
std::string to_csv(const Table& table);   // RFC 4180
std::string to_html(const Table& table);  // a <table>, escaped

/// A floating table for pdflatex with the packages booktabs and inputenc (utf8).
std::string to_latex(const Table& table);

/// {"title", "note", "columns": [...], "rows": [[{"text": "80 %", "bold": true}, ...]]}; "bold" where it is.
Json to_json(const Table& table);

void check_table(const Table& table);
bool is_bold(const Table& table, size_t row, size_t column);

enum class ColumnKind { number, text, long_text };

/// Numbers line up at the right, texts at the left; long texts may wrap. The first column holds names.
ColumnKind column_kind(const Table& table, size_t column);

/// "87.3 % [86.6, 87.9]", "1234 images/s [1200, 1260]"; digits follow the interval's width.
std::string format_metric(const Metric& metric);

/// A table a data set, named by it: one row an encoder that was judged there, one column a protocol's
/// headline; cells with the same fingerprint only. A cell compared with the first row of its column carries
/// McNemar's mid-p when both have outcomes. The last table's note speaks for all.
std::vector<Table> comparison_tables(const std::vector<Record>& records);

/// For a grid run: one row a combination of the options that vary, mean +- deviation over seeds.
/// `axes` are dotted keys of checkpoint.config; the seed is averaged over.
Table grid_table(const std::vector<Record>& records, const std::vector<std::string>& axes);

}  // namespace repbench
