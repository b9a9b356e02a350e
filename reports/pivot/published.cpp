#include "reports/pivot/published.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <stdexcept>

#include "reports/axes.h"

namespace repbench {
namespace {

constexpr const char* kAbsent = "—";
constexpr std::string_view kFinetunePoints = "finetune.points";

/// Where our number stands on their axis; fine-tuning points are metrics here: "accuracy_0.5".
std::string axis_value(const Observation& observation, const std::string& axis) {
  if (axis != kFinetunePoints) return key_value(observation, axis);
  constexpr std::string_view kPoint = "accuracy_";
  const std::string& name = observation.metric->name;
  return observation.run->record.protocol == "finetune" && name.starts_with(kPoint)
             ? name.substr(kPoint.size())
             : kAbsent;
}

/// Fine-tuning in papers is of the whole encoder, but on the axis of tuned blocks.
bool is_their_metric(const Observation& observation, const ReferenceColumn& column, const std::string& axis) {
  const std::string& name = observation.metric->name;
  if (column.protocol != "finetune" || column.metric != "accuracy") return name == column.metric;
  return axis == kFinetunePoints ? name.starts_with("accuracy_") : name == "accuracy_all";
}

bool holds(const Json& conditions, const std::string& key, const Observation& observation) {
  const auto wanted = conditions.find(key);
  return wanted == conditions.end() || same_axis_value(value_text(*wanted), key_value(observation, key));
}

std::optional<ReferenceCell> their_cell(const Observation& observation, const ReferenceTable& table,
                                        const ReferenceColumn& column) {
  if (observation.run->record.protocol != column.protocol ||
      !is_their_metric(observation, column, table.axis) ||
      !holds(column.conditions, "dataset", observation) || !holds(column.conditions, "encoder", observation))
    return std::nullopt;
  return table.cell(axis_value(observation, table.axis), column.name);
}

/// As printed: 84.0, 63.32.
std::string number_text(double value) {
  const bool one_decimal = std::abs(value * 10 - std::round(value * 10)) < 1e-9;
  return one_decimal ? fmt::format("{:.1f}", value) : fmt::format("{}", value);
}

std::string cell_text(const ReferenceCell& cell) {
  const std::string unit = cell.unit == "%" ? "" : " " + cell.unit;
  return fmt::format("{}{} ({}{})", number_text(cell.value), unit, cell.where,
                     cell.verified ? "" : ", unverified");
}

std::string conditions_text(const Json& conditions) {
  std::string text;
  for (const auto& [key, value] : conditions.items())
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", key, value_text(value));
  return text;
}

/// Columns of which each is of one data set or encoder fill one column here: at most one of them fits a cell.
bool is_of_one(const ReferenceColumn& column) {
  return column.conditions.contains("dataset") || column.conditions.contains("encoder");
}

/// Fills in what `theirs` has beside our column.
bool fill(const Pivot& pivot, const ReferenceTable& table, const ReferenceColumn& theirs,
          PublishedColumn& column) {
  bool any = false;
  for (size_t row = 0; row < pivot.rows.size(); ++row) {
    const PivotCell& ours = pivot.cells[row][column.beside];
    const auto cell = ours.empty() ? std::nullopt : their_cell(ours.runs[0], table, theirs);
    if (!cell) continue;
    column.cells[row] = cell_text(*cell);
    any = true;
  }
  return any;
}

/// Beside one of our columns; names in `used` which of their columns were.
std::vector<PublishedColumn> columns_beside(const Pivot& pivot, size_t ours, const ReferenceTable& table,
                                            std::set<const ReferenceColumn*>& used) {
  std::vector<PublishedColumn> columns;
  std::optional<size_t> shared;
  for (const ReferenceColumn& theirs : table.columns) {
    PublishedColumn fresh{ours, table.name + ", " + theirs.name,
                          std::vector<std::string>(pivot.rows.size(), kAbsent)};
    const bool joins = is_of_one(theirs) && shared;
    if (!fill(pivot, table, theirs, joins ? columns[*shared] : fresh)) continue;
    used.insert(&theirs);
    if (joins) {
      columns[*shared].heading = table.name;
    } else {
      columns.push_back(std::move(fresh));
      if (is_of_one(theirs)) shared = columns.size() - 1;
    }
  }
  return columns;
}

void check_axis(const Pivot& pivot, const ReferenceTable& table) {
  std::vector<Observation> observations;
  for (const auto& row : pivot.cells) {
    for (const PivotCell& cell : row)
      observations.insert(observations.end(), cell.runs.begin(), cell.runs.end());
  }
  const bool any = std::any_of(observations.begin(), observations.end(), [&](const Observation& observation) {
    return axis_value(observation, table.axis) != kAbsent;
  });
  if (any) return;
  throw std::invalid_argument(
      fmt::format("[report] --reference {}: expected reports with a value of {}, by which its rows are told "
                  "apart; got none",
                  table.name, table.axis));
}

std::string note_of(const ReferenceTable& table, const std::set<const ReferenceColumn*>& used) {
  if (used.empty())
    return fmt::format("{} ({}, {}) has no number for any cell here. ", table.name, table.source,
                       table.where);
  std::string text = fmt::format("{}: as published by {}, {}, measured under {}", table.name, table.source,
                                 table.where, conditions_text(table.conditions));
  for (const ReferenceColumn* column : used) {
    if (!column->conditions.empty() && !is_of_one(*column))
      text += fmt::format("; {}: {}", column->name, conditions_text(column->conditions));
  }
  text += ". ";
  if (!table.note.empty()) text += table.note + " ";
  return text;
}

}  // namespace

Published find_published(const Pivot& pivot, const ReferenceTable& table) {
  check_axis(pivot, table);
  Published published;
  std::set<const ReferenceColumn*> used;
  for (size_t ours = 0; ours < pivot.columns.size(); ++ours) {
    for (PublishedColumn& column : columns_beside(pivot, ours, table, used))
      published.columns.push_back(std::move(column));
  }
  published.note = note_of(table, used);
  return published;
}

}  // namespace repbench
