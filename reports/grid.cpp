#include "reports/grid.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "reports/axes.h"
#include "reports/numbers.h"
#include "reports/table.h"

namespace repbench {
namespace {

using Records = std::vector<const Record*>;

/// By the numbers on the axes where they are numbers, else by their text; controls keep their place at the
/// end.
bool before(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i]) continue;
    const auto x = number_in(a[i]), y = number_in(b[i]);
    return x && y ? *x < *y : a[i] < b[i];
  }
  return false;
}

struct GridRow {
  std::vector<std::string> values;  // one an axis
  Row row;
};

std::vector<std::string> values_of(const Record& record, const std::vector<std::string>& axes) {
  std::vector<std::string> values;
  for (const std::string& axis : axes) values.push_back(option_text(record, axis));
  return values;
}

std::vector<GridRow> grid_rows(const Records& records, const std::vector<std::string>& axes) {
  std::vector<GridRow> rows;
  for (const Record* record : records) {
    if (is_control(*record)) continue;
    const auto values = values_of(*record, axes);
    auto found =
        std::find_if(rows.begin(), rows.end(), [&](const GridRow& row) { return row.values == values; });
    if (found == rows.end()) found = rows.insert(rows.end(), {values, {label_of(*record), false, {}}});
    found->row.records.push_back(record);
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const GridRow& a, const GridRow& b) { return before(a.values, b.values); });
  return rows;
}

std::vector<Row> control_rows(const Records& records) {
  std::vector<Row> rows = rows_of(records);
  std::erase_if(rows, [](const Row& row) { return !row.control; });
  return rows;
}

std::vector<std::string> axis_names(const std::vector<std::string>& axes) {
  std::vector<std::string> names;
  for (const std::string& axis : axes) names.push_back(short_name(axis, axes));
  return names;
}

/// A point of a figure in its shown unit.
void append_point(const Records& runs, double x, Series& series) {
  std::vector<double> values;
  for (const Record* run : runs) values.push_back(run->headline().value);
  const MeanAndDeviation pooled = mean_and_deviation(values);
  const Metric& headline = runs[0]->headline();
  const double scale = shown_scale(headline.unit);
  Interval interval = runs.size() == 1 ? headline.interval.value_or(pooled.interval) : pooled.interval;
  if (headline.unit.empty()) interval = {std::max(0.0, interval.low), std::min(1.0, interval.high)};
  series.x.push_back(x);
  series.y.push_back(pooled.mean * scale);
  series.intervals.push_back({interval.low * scale, interval.high * scale});
}

std::string series_name(const GridRow& row, const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 1; i < names.size(); ++i)
    text += (text.empty() ? "" : ", ") + names[i] + " = " + row.values[i];
  return text.empty() ? row.row.name : text;
}

void append_controls(const Records& records, const Column& column, double low, double high, Figure& figure) {
  for (const Row& row : control_rows(records)) {
    const Records runs = cell_of(row, column);
    if (runs.empty()) continue;
    Series level{row.name, {}, {}, {}};
    append_point(runs, low, level);
    append_point(runs, high, level);
    level.intervals.clear();
    level.level = true;
    figure.series.push_back(level);
  }
}

std::string shown_label(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

Figure grid_figure(const Records& records, const Column& column, const std::vector<std::string>& axes) {
  const std::vector<std::string> names = axis_names(axes);
  const Metric& headline = column.example->headline();
  Figure figure{column.heading,
                shown_label(names[0]),
                shown_label(headline.name) + "," + shown_unit(headline.unit),
                {},
                {}};
  double low = INFINITY, high = -INFINITY;
  for (const GridRow& row : grid_rows(records, axes)) {
    const Records runs = cell_of(row.row, column);
    const auto x = number_in(row.values[0]);
    if (runs.empty() || !x) continue;
    const std::string name = series_name(row, names);
    auto found = std::find_if(figure.series.begin(), figure.series.end(),
                              [&](const Series& series) { return series.name == name; });
    if (found == figure.series.end()) found = figure.series.insert(found, Series{name, {}, {}, {}});
    append_point(runs, *x, *found);
    low = std::min(low, *x);
    high = std::max(high, *x);
  }
  if (!figure.series.empty()) append_controls(records, column, low, high, figure);
  return figure;
}

}  // namespace

Table grid_table(const std::vector<Record>& records, const std::vector<std::string>& axes) {
  const Records all = pointers_to(records);
  const std::vector<Column> columns = columns_of(all);
  Table table;
  table.title = "Grid";
  table.note =
      "Mean ± sample standard deviation over n seeds, which does not include the test set's own error; a "
      "cell with one "
      "run shows its 95 % interval.";
  table.columns = axis_names(axes);
  for (const Column& column : columns) table.columns.push_back(column.heading);
  const auto append = [&](std::vector<std::string> cells, const Row& row) {
    for (const Column& column : columns) cells.push_back(cell_text(cell_of(row, column)));
    table.rows.push_back(std::move(cells));
  };
  for (const GridRow& row : grid_rows(all, axes)) append(row.values, row.row);
  for (const Row& row : control_rows(all)) {
    std::vector<std::string> cells(axes.size(), "");
    if (!cells.empty()) cells[0] = row.name;
    append(cells, row);
  }
  return table;
}

std::vector<Figure> grid_figures(const std::vector<const Record*>& records,
                                 const std::vector<std::string>& axes) {
  std::vector<Figure> figures;
  if (axes.empty()) return figures;
  for (const Column& column : columns_of(records)) {
    Figure figure = grid_figure(records, column, axes);
    if (!figure.series.empty()) figures.push_back(std::move(figure));
  }
  return figures;
}

}  // namespace repbench
