#include "reports/pivot/pivot.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "reports/metric_kinds.h"
#include "reports/numbers.h"
#include "reports/pivot/average.h"
#include "reports/pivot/cells.h"
#include "reports/pivot/marks.h"
#include "reports/pivot/published.h"

namespace fs = std::filesystem;

namespace repbench {
namespace {

std::vector<Observation> observations_of(const std::vector<Run>& runs, const std::string& wanted) {
  const bool by_name = wanted != "headline" && wanted != "all";
  if (by_name) find_metric_kind(wanted, "[report] --metric");
  std::vector<Observation> observations;
  for (const Run& run : runs) {
    for (const Metric& metric : run.record.metrics) {
      const bool shown = wanted == "all" || (by_name ? metric.name == wanted : metric.headline);
      if (shown) observations.push_back({&run, &metric});
    }
  }
  if (observations.empty())
    throw std::invalid_argument(
        fmt::format("[report] --metric {}: expected it in one of {} reports; got none", wanted, runs.size()));
  return observations;
}

/// Keeps the observations with KEY=VALUE.
void keep_where(const std::string& condition, std::vector<Observation>& observations) {
  const size_t equals = condition.find('=');
  if (equals == 0 || equals == std::string::npos)
    throw std::invalid_argument(fmt::format("[report] --where: expected KEY=VALUE; got '{}'", condition));
  const std::string key = condition.substr(0, equals), value = condition.substr(equals + 1);
  check_key(observations, key);
  std::set<std::string> values;
  for (const Observation& observation : observations) values.insert(key_value(observation, key));
  std::erase_if(observations, [&](const Observation& observation) {
    const std::string own = key_value(observation, key);
    const auto x = number_in(own), y = number_in(value);
    return x && y ? *x != *y : own != value;
  });
  if (observations.empty())
    throw std::invalid_argument(fmt::format("[report] --where {}: expected one of {}; got '{}'", key,
                                            fmt::join(values, ", "), value));
}

void check_keys(const std::vector<Observation>& observations, const PivotOptions& options) {
  std::set<std::string> seen;
  for (const std::vector<std::string>* keys : {&options.rows, &options.columns}) {
    if (keys->empty())
      throw std::invalid_argument("[report] expected a key for rows and one for columns; got none");
    for (const std::string& key : *keys) {
      check_key(observations, key);
      if (!seen.insert(key).second)
        throw std::invalid_argument(
            fmt::format("[report] expected each key on rows or columns, once; got '{}' twice", key));
    }
  }
}

std::string cell_text(const PivotCell& cell) {
  if (cell.empty()) return "—";
  if (cell.runs.size() == 1) return format_metric(cell.metric());
  std::vector<double> values;
  for (const Observation& run : cell.runs) values.push_back(run.metric->value);
  return format_mean(mean_and_deviation(values), cell.metric().unit);
}

/// "fashion_mnist: knn: k=20", and the metric where the reader would not guess it.
std::string heading_of(const Pivot& pivot, size_t column) {
  std::string text;
  for (size_t i = 0; i < pivot.column_keys.size(); ++i) {
    const std::string& key = pivot.column_keys[i];
    text += text.empty() ? "" : ": ";
    if (!names_itself(key)) text += key_name(key, pivot.column_keys) + "=";
    text += pivot.columns[column][i];
  }
  return text;
}

/// The metric of a column if it has one for all its cells, else "".
std::string metric_of(const Pivot& pivot, size_t column) {
  const std::string& name = pivot.example(column).metric->name;
  for (const auto& row : pivot.cells) {
    if (!row[column].empty() && row[column].metric().name != name) return "";
  }
  return name;
}

bool shows_metric(const Pivot& pivot) {
  return std::count(pivot.row_keys.begin(), pivot.row_keys.end(), "metric") +
             std::count(pivot.column_keys.begin(), pivot.column_keys.end(), "metric") >
         0;
}

std::vector<std::string> headings_of(const Pivot& pivot, const std::string& wanted) {
  std::vector<std::string> headings;
  for (size_t column = 0; column < pivot.columns.size(); ++column) {
    headings.push_back(heading_of(pivot, column));
    const std::string metric = metric_of(pivot, column);
    const bool told = metric.empty() || metric == "accuracy" || metric == wanted || shows_metric(pivot);
    if (!told) headings.back() += ", " + metric;
  }
  return headings;
}

/// Rows, our columns with marks, and each published column beside ours.
Table layout(const Pivot& pivot, const std::vector<std::string>& headings, const Marks& marks,
             const Published& published) {
  Table table;
  for (const std::string& key : pivot.row_keys) table.columns.push_back(key_name(key, pivot.row_keys));
  table.rows = pivot.rows;
  size_t next = 0;
  for (size_t column = 0; column < headings.size(); ++column) {
    for (size_t row = 0; row < pivot.rows.size(); ++row) {
      const bool dagger = marks.daggers.contains({row, column});
      table.rows[row].push_back(cell_text(pivot.cells[row][column]) + (dagger ? "†" : ""));
    }
    for (const auto& [row, marked] : marks.bold) {
      if (marked == column) table.bold.emplace_back(row, table.columns.size());
    }
    table.columns.push_back(headings[column]);
    for (; next < published.columns.size() && published.columns[next].beside == column; ++next) {
      table.columns.push_back(published.columns[next].heading);
      for (size_t row = 0; row < pivot.rows.size(); ++row)
        table.rows[row].push_back(published.columns[next].cells[row]);
    }
  }
  return table;
}

std::string cells_note(const Pivot& pivot, const std::string& wanted) {
  bool single = false, pooled = false;
  for (const auto& row : pivot.cells) {
    for (const PivotCell& cell : row) {
      single = single || cell.runs.size() == 1;
      pooled = pooled || cell.runs.size() > 1;
    }
  }
  std::string text = wanted == "headline" ? "Headline metric of each protocol"
                     : wanted == "all"    ? "Every metric"
                                          : wanted;
  text += single ? " with its 95 % interval. " : ". ";
  if (pooled) text += "Cells with several runs: mean ± sample standard deviation over n seeds. ";
  return text;
}

}  // namespace

Table pivot_table(const std::vector<Run>& runs, const PivotOptions& options) {
  std::vector<Observation> observations = observations_of(runs, options.metric);
  for (const std::string& condition : options.where) keep_where(condition, observations);
  check_keys(observations, options);
  const Pivot pivot = make_pivot(observations, options.rows, options.columns);
  const std::vector<std::string> headings = headings_of(pivot, options.metric);
  const Marks marks = find_marks(pivot);
  const Published published = options.reference.empty()
                                  ? Published{}
                                  : find_published(pivot, find_reference_table(options.reference));
  Table table = layout(pivot, headings, marks, published);
  table.title = fmt::format("{} by {}", fmt::join(options.rows, ", "), fmt::join(options.columns, ", "));
  table.note = cells_note(pivot, options.metric) + marks.text();
  if (options.average) {
    AverageColumn average = average_column(pivot, headings);
    table.columns.emplace_back("average");
    for (size_t row = 0; row < table.rows.size(); ++row) table.rows[row].push_back(average.cells[row]);
    table.note += average.note;
  }
  table.note += published.note;
  while (table.note.ends_with(' ')) table.note.pop_back();
  return table;
}

}  // namespace repbench
