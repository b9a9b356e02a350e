#pragma once

#include <string>
#include <vector>

#include "reports/record.h"

namespace repbench {

/// Text cells with a heading; numbers arrive formatted. A line break in a cell is kept by HTML and written as
/// "; " elsewhere.
struct Table {
  std::string title;
  std::string note;  // one paragraph under the table; "" if none
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  // each as long as `columns`
};

std::string to_markdown(const Table& table);
std::string to_csv(const Table& table);   // RFC 4180
std::string to_html(const Table& table);  // a <table>, escaped

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
