#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "reports/axes.h"
#include "reports/numbers.h"
#include "reports/page_sections.h"
#include "reports/rows.h"

namespace repbench {
namespace {

constexpr size_t kShownValues = 4;  // of a setting of the environment that differs between reports

std::string heading_of(const Record& record, const std::vector<Column>& columns) {
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return c.holds(record); });
  return found == columns.end() ? record.protocol : found->heading;
}

std::string named_run(const Row& row, const Record& record, const Column& column) {
  const std::string seed = seed_of(record);
  return row.name + (cell_of(row, column).size() > 1 && !seed.empty() ? " seed=" + seed : "");
}

std::string plain_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// "—" unless the value is a number.
std::string large(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? format_large(found->get<double>()) : "—";
}

Json member(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : Json::object();
}

/// Columns that say nothing anywhere.
void drop_empty_columns(Table& table) {
  for (size_t column = table.columns.size(); column-- > 1;) {
    const auto empty = [&](const auto& row) { return row[column] == "—" || row[column].empty(); };
    if (!std::all_of(table.rows.begin(), table.rows.end(), empty)) continue;
    const auto offset = static_cast<std::ptrdiff_t>(column);
    table.columns.erase(table.columns.begin() + offset);
    for (auto& row : table.rows) row.erase(row.begin() + offset);
  }
}

std::vector<std::string> checkpoint_cells(const std::string& name, const Record& record) {
  const Json training = member(record.checkpoint, "training");
  const std::string macs = large(training, "macs_per_example");
  std::string total = "—";
  if (macs != "—" && large(training, "examples_seen") != "—") {
    total =
        format_large(training["macs_per_example"].get<double>() * training["examples_seen"].get<double>());
  }
  return {name,
          record.checkpoint.value("kind", "—"),
          record.checkpoint.value("sha256", "").substr(0, 12),
          seed_of(record),
          large(member(record.checkpoint, "parameters"), "total"),
          large(training, "steps"),
          large(training, "examples_seen"),
          macs,
          total,
          large(record.cost, "training_seconds"),
          large(training, "final_loss")};
}

Table checkpoint_table(const std::vector<Row>& rows) {
  Table table;
  table.title = "Checkpoints";
  table.note =
      "MACs are analytic multiply-accumulates of a training step (a backward pass counts as two forward "
      "ones), masking counted.";
  table.columns = {"encoder",
                   "kind",
                   "sha256",
                   "seed",
                   "parameters",
                   "steps",
                   "examples seen",
                   "MACs per example",
                   "MACs, all examples",
                   "training, s",
                   "final loss"};
  for (const Row& row : rows) {
    for (const Record* record : checkpoints_of(row))
      table.rows.push_back(checkpoint_cells(row.name, *record));
  }
  drop_empty_columns(table);
  const bool costs =
      std::find(table.columns.begin(), table.columns.end(), "MACs per example") != table.columns.end();
  if (!costs) table.note.clear();
  return table;
}

Table trainable_table(const std::vector<Row>& rows, const std::vector<Column>& columns) {
  Table table{"Trainable parameters", "", {"encoder"}, {}};
  for (const Column& column : columns) table.columns.push_back(column.heading);
  for (const Row& row : rows) {
    std::vector<std::string> cells = {row.name};
    for (const Column& column : columns) {
      const auto runs = cell_of(row, column);
      cells.push_back(runs.empty() ? "—" : large(member(runs[0]->checkpoint, "parameters"), "trainable"));
    }
    table.rows.push_back(cells);
  }
  drop_empty_columns(table);
  return table;
}

std::string listed(const std::vector<std::string>& values) {
  std::string text;
  for (size_t i = 0; i < std::min(values.size(), kShownValues); ++i) text += (i == 0 ? "" : "\n") + values[i];
  return values.size() > kShownValues ? text + fmt::format("\n… ({} values)", values.size()) : text;
}

void append_metric(const std::vector<std::string>& head, const Metric& metric, Table& table) {
  const auto number = [](const auto& value) {
    return value ? format_short(static_cast<double>(*value)) : "";
  };
  std::vector<std::string> cells = head;
  cells.insert(
      cells.end(),
      {metric.name, format_short(metric.value), metric.unit, metric.n ? std::to_string(*metric.n) : "",
       number(metric.standard_error), metric.interval ? format_short(metric.interval->low) : "",
       metric.interval ? format_short(metric.interval->high) : "", number(metric.chance)});
  table.rows.push_back(std::move(cells));
}

/// A row a report of speed, a column a metric of the kind.
Table metrics_table(const std::vector<const Record*>& records,
                    const std::function<bool(const Metric&)>& belongs) {
  std::vector<std::string> names;
  for (const Record* record : records) {
    for (const Metric& metric : record->metrics) {
      if (belongs(metric) && std::find(names.begin(), names.end(), metric.name) == names.end())
        names.push_back(metric.name);
    }
  }
  Table table{"", "", {"encoder", "measured as"}, {}};
  table.columns.insert(table.columns.end(), names.begin(), names.end());
  const std::vector<Column> columns = columns_of(records);
  for (const Row& row : rows_of(records)) {
    for (const Column& column : columns) {
      for (const Record* record : cell_of(row, column)) {
        std::vector<std::string> cells = {named_run(row, *record, column), column.heading};
        for (const std::string& name : names) {
          const Metric* metric = record->find(name);
          cells.push_back(metric == nullptr ? "—" : format_metric(*metric));
        }
        table.rows.push_back(cells);
      }
    }
  }
  return table;
}

}  // namespace

Section throughput_section(const PageData& data) {
  std::vector<const Record*> records = pointers_to(data.records);
  std::erase_if(records, [](const Record* record) { return record->protocol != "throughput"; });
  Section section{"Throughput", "", {}};
  const auto append = [&](const std::string& title, const std::string& note, const auto& belongs) {
    Table table = metrics_table(records, belongs);
    table.title = title;
    table.note = note;
    if (table.columns.size() > 2) section.parts.emplace_back(std::move(table));
  };
  const auto is_rate = [](const Metric& metric) { return metric.unit.ends_with("/s"); };
  const auto is_time = [](const Metric& metric) { return metric.unit == "ms"; };
  append("Throughput", "Compare speeds only where the same machine took them in one measurement.", is_rate);
  append("Milliseconds a call", "Percentiles over all timed calls.", is_time);
  append("Beside the speed", "What the precision costs, and how long the encoder waited for pictures.",
         [&](const Metric& metric) { return !is_rate(metric) && !is_time(metric); });
  return section;
}

Section checkpoint_section(const PageData& data) {
  const std::vector<const Record*> records = pointers_to(data.records);
  Section section{"Checkpoints", "", {}};
  if (records.empty()) return section;
  const std::vector<Row> rows = rows_of(records);
  section.parts.emplace_back(checkpoint_table(rows));
  std::set<Json> trainable;
  for (const Record* record : records)
    trainable.insert(member(record->checkpoint, "parameters")["trainable"]);
  if (trainable.size() > 1) section.parts.emplace_back(trainable_table(rows, columns_of(records)));
  return section;
}

Section warning_section(const PageData& data) {
  const std::vector<const Record*> records = pointers_to(data.records);
  const std::vector<Column> columns = columns_of(records);
  Table table{"Warnings", "", {"encoder", "protocol", "warning"}, {}};
  for (const Row& row : rows_of(records)) {
    for (const Record* record : row.records) {
      for (const std::string& warning : record->warnings) {
        table.rows.push_back({row.name, heading_of(*record, columns), warning});
      }
    }
  }
  Section section{"Warnings", "", {}};
  if (!table.rows.empty()) section.parts.emplace_back(table);
  return section;
}

Section environment_section(const PageData& data) {
  std::map<std::string, std::vector<std::string>> values;
  const auto append = [&](const std::string& key, const std::string& text) {
    auto& known = values[key];
    if (std::find(known.begin(), known.end(), text) == known.end()) known.push_back(text);
  };
  for (const Record& record : data.records) {
    for (const auto& [key, value] : flat(record.environment)) append(key, plain_text(value));
    if (record.run.contains("commit")) {
      const Json dirty = record.run.value("dirty", Json(false));
      append("commit", plain_text(record.run["commit"]) + (dirty == true ? " (with local changes)" : ""));
    }
    if (record.run.contains("command")) append("command", plain_text(record.run["command"]));
  }
  Table table{"Environment", "", {"setting", "value"}, {}};
  for (const auto& [key, texts] : values) table.rows.push_back({key, listed(texts)});
  Section section{"Environment", "", {}};
  if (!table.rows.empty()) section.parts.emplace_back(table);
  return section;
}

Section measurement_section(const PageData& data) {
  const std::vector<const Record*> records = pointers_to(data.records);
  Table table;
  table.title = "All measurements";
  table.note = "Shares are not in percent here. Low and high are the ends of the 95 % interval.";
  table.columns = {"encoder", "seed", "dataset",        "protocol", "fingerprint", "metric", "value",
                   "unit",    "n",    "standard error", "low",      "high",        "chance"};
  for (const Row& row : rows_of(records)) {
    for (const Record* record : row.records) {
      const std::vector<std::string> head = {row.name, seed_of(*record), record->dataset.value("name", ""),
                                             record->protocol, record->fingerprint.substr(0, 8)};
      for (const Metric& metric : record->metrics) append_metric(head, metric, table);
    }
  }
  Section section{"All measurements", "", {}};
  if (!table.rows.empty()) section.parts.emplace_back(table);
  return section;
}

}  // namespace repbench
