#include "reports/page_sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "reports/axes.h"
#include "reports/grid.h"
#include "reports/rows.h"

namespace repbench {
namespace {

constexpr size_t kMostTested =
    1000;  // reports; reading the outcomes of more takes longer than a reader waits

struct Grid {
  std::string label;
  std::vector<std::string> axes;
  std::vector<const Record*> records;  // the label's, and the controls' that stand beside them
};

bool has_several_settings(const std::vector<const Record*>& label_records, const Column& column) {
  std::set<std::string> settings;
  for (const Record* record : label_records) {
    if (column.holds(*record)) settings.insert(setting_of(*record));
  }
  return settings.size() > 1;
}

std::vector<Grid> grids_of(const PageData& data) {
  std::map<std::string, std::vector<const Record*>> labels;
  for (const Record& record : data.records) {
    if (!is_control(record)) labels[label_of(record)].push_back(&record);
  }
  std::vector<Grid> grids;
  for (auto& [label, records] : labels) {
    const std::vector<Column> columns = columns_of(records);
    const auto several = [&all = records](const Column& column) { return has_several_settings(all, column); };
    if (std::none_of(columns.begin(), columns.end(), several)) continue;
    Grid grid{label, varying_options(records), records};
    if (grid.axes.empty()) continue;
    for (const Record& record : data.records) {
      const auto beside = [&](const Column& column) { return column.holds(record); };
      if (is_control(record) && std::any_of(columns.begin(), columns.end(), beside))
        grid.records.push_back(&record);
    }
    grids.push_back(std::move(grid));
  }
  return grids;
}

}  // namespace

Section comparison_section(const PageData& data) {
  std::set<std::string> grid_labels;
  for (const Grid& grid : grids_of(data)) grid_labels.insert(grid.label);
  std::vector<Record> compared;
  const bool tested = data.records.size() <= kMostTested;
  bool any_trained = false;
  for (size_t i = 0; i < data.records.size(); ++i) {
    if (grid_labels.contains(label_of(data.records[i]))) continue;
    compared.push_back(data.records[i]);
    if (tested) compared.back().outcomes = read_outcomes(data.files[i], data.records[i]);
    any_trained = any_trained || !is_control(compared.back());
  }
  Section section{"Comparison", "", {}};
  if (!tested) {
    section.text = fmt::format(
        "More than {} reports: their outcomes are not read, and no cell is tested. `repbench compare` tests "
        "two of them.",
        kMostTested);
  }
  const bool shown_in_grid =
      !any_trained && !grid_labels.empty();  // only controls are left: the grid has them
  if (!compared.empty() && !shown_in_grid) {
    for (Table& table : comparison_tables(compared)) section.parts.emplace_back(std::move(table));
  }
  return section;
}

std::vector<Section> grid_sections(const PageData& data) {
  const std::vector<Grid> grids = grids_of(data);
  std::vector<Section> sections;
  for (const Grid& grid : grids) {
    std::string names;
    for (const std::string& axis : grid.axes)
      names += (names.empty() ? "" : " x ") + short_name(axis, grid.axes);
    Section section{grid.label + ": " + names, "", {}};
    std::vector<Record> records;
    for (const Record* record : grid.records) records.push_back(*record);
    Table table = grid_table(records, grid.axes);
    table.title = section.heading;
    section.parts.emplace_back(std::move(table));
    const std::vector<Figure> figures = grid_figures(grid.records, grid.axes);
    if (!figures.empty()) {
      section.text =
          "Points are means over seeds. Bars are 95 % intervals: Student's t over seeds (wide for few "
          "seeds), or the "
          "metric's own where there is one run. Level lines are controls.";
    }
    for (const Figure& figure : figures) section.parts.emplace_back(figure);
    sections.push_back(std::move(section));
  }
  return sections;
}

}  // namespace repbench
