#include "reports/rows.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

#include "reports/axes.h"
#include "reports/numbers.h"
#include "reports/table.h"

namespace repbench {
namespace {

using Records = std::vector<const Record*>;

std::string sha256_of(const Record& record) { return record.checkpoint.value("sha256", ""); }

/// Groups by `key`, in order of first appearance.
template <class Key>
std::vector<Records> grouped(const Records& records, Key key) {
  std::vector<Records> groups;
  std::map<std::string, size_t> index;
  for (const Record* record : records) {
    const auto [entry, fresh] = index.emplace(key(*record), groups.size());
    if (fresh) groups.emplace_back();
    groups[entry->second].push_back(record);
  }
  return groups;
}

/// Two checkpoints of one setting and seed (at two steps, say) are no repetitions.
bool shares_a_seed(const Records& repetitions) {
  std::map<std::string, std::string> sha256_of_seed;
  for (const Record* record : repetitions) {
    const auto [entry, fresh] = sha256_of_seed.emplace(seed_of(*record), sha256_of(*record));
    if (!fresh && entry->second != sha256_of(*record)) return true;
  }
  return false;
}

std::string suffix(const Record& record, const std::vector<std::string>& axes) {
  std::string text;
  for (const std::string& axis : axes) text += " " + short_name(axis, axes) + "=" + option_text(record, axis);
  return text;
}

void append_rows(const Records& label_records, std::vector<Row>& rows) {
  const std::vector<std::string> axes = varying_options(label_records);
  for (const Records& setting : grouped(label_records, [&](const Record& r) { return suffix(r, axes); })) {
    const std::string name = label_of(*setting[0]) + suffix(*setting[0], axes);
    const bool control = is_control(*setting[0]);
    if (!shares_a_seed(setting)) {
      rows.push_back({name, control, setting});
      continue;
    }
    for (const Records& one : grouped(setting, sha256_of)) {
      rows.push_back({name + " " + sha256_of(*one[0]).substr(0, 7), control, one});
    }
  }
}

std::vector<std::string> parts_of_spec(const Record& record) {
  std::vector<std::string> parts;
  std::istringstream text(record.dataset.value("spec", ""));
  for (std::string part; std::getline(text, part, ':');) parts.push_back(part);
  return parts;
}

/// " pairs=held_out" of "shapes:task=shape:pairs=held_out": what not all rivals have.
std::string spec_suffix(const Record& record, const Records& rivals) {
  std::string text;
  for (const std::string& part : parts_of_spec(record)) {
    const bool common = std::all_of(rivals.begin(), rivals.end(), [&](const Record* rival) {
      const std::vector<std::string> theirs = parts_of_spec(*rival);
      return std::find(theirs.begin(), theirs.end(), part) != theirs.end();
    });
    if (!common) text += " " + part;
  }
  return text;
}

/// The one named setting, such as a classifier, that tells all rivals apart; "" if there is none.
std::string telling_name(const std::set<std::string>& keys, const Records& rivals) {
  for (const std::string& key : keys) {
    std::set<std::string> values;
    for (const Record* rival : rivals) {
      const auto settings = flat(rival->requested);
      const auto found = settings.find(key);
      if (found != settings.end() && found->second.is_string()) values.insert(found->second);
    }
    if (values.size() == rivals.size()) return key;
  }
  return "";
}

/// " classifier=ridge" if one or two plain settings tell the columns apart, else what tells their data apart.
std::string setting_suffix(const Record& record, const Records& rivals) {
  const auto own = flat(record.requested);
  std::set<std::string> keys;
  for (const Record* rival : rivals) {
    for (const auto& [key, value] : flat(rival->requested)) {
      const auto found = own.find(key);
      if (found != own.end() && found->second != value && value.is_primitive()) keys.insert(key);
    }
  }
  if (const std::string name = telling_name(keys, rivals); !name.empty()) keys = {name};
  if (keys.empty() || keys.size() > 2) return spec_suffix(record, rivals);
  std::string text;
  for (const std::string& key : keys) {
    const Json& value = own.at(key);
    text += " " + key + "=" + (value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text;
}

std::string recipe_of(const Record& record) { return record.requested.value("recipe", std::string()); }

/// The recipe's name where there is one; else what tells it from the others that have none.
std::string telling_suffix(const Record& record, Records rivals) {
  if (!recipe_of(record).empty()) return " " + recipe_of(record);
  std::erase_if(rivals, [](const Record* rival) { return !recipe_of(*rival).empty(); });
  return rivals.size() > 1 ? setting_suffix(record, rivals) : "";
}

std::string plain_heading(const Record& record) {
  const Metric& headline = record.headline();
  const bool told_by_unit =
      headline.unit.find("/s") != std::string::npos || headline.unit.find("pixels") != std::string::npos;
  const bool unusual = !told_by_unit && headline.name != "accuracy";
  return record.dataset.value("name", "") + ": " + record.protocol + (unusual ? ", " + headline.name : "");
}

void tell_apart(std::vector<Column>& columns) {
  std::map<std::string, int> uses;
  for (Column& column : columns) {
    Records rivals;
    for (const Column& other : columns) {
      if (other.dataset == column.dataset && other.protocol == column.protocol)
        rivals.push_back(other.example);
    }
    if (rivals.size() > 1) column.heading += telling_suffix(*column.example, rivals);
    const int use = ++uses[column.heading];
    if (use > 1) column.heading += " (" + std::to_string(use) + ")";
  }
}

}  // namespace

std::string label_of(const Record& record) { return record.checkpoint.value("label", "checkpoint"); }

bool is_control(const Record& record) {
  const std::string label = label_of(record);
  return label.starts_with("untrained") || label.starts_with("raw pixels");
}

std::vector<Row> rows_of(const std::vector<const Record*>& records) {
  std::vector<Row> rows;
  for (const Records& label : grouped(records, label_of)) append_rows(label, rows);
  std::stable_partition(rows.begin(), rows.end(), [](const Row& row) { return !row.control; });
  return rows;
}

std::vector<const Record*> checkpoints_of(const Row& row) {
  std::map<std::pair<std::string, std::string>, const Record*> chosen;
  for (const Record* record : row.records) {
    const Record*& best = chosen[{seed_of(*record), sha256_of(*record)}];
    if (best == nullptr ||
        (record->checkpoint.contains("training") && !best->checkpoint.contains("training"))) {
      best = record;
    }
  }
  std::vector<const Record*> records;
  for (const auto& [identity, record] : chosen) records.push_back(record);
  return records;
}

bool Column::holds(const Record& record) const {
  return record.fingerprint == fingerprint && record.protocol == protocol &&
         record.dataset.value("name", "") == dataset;
}

std::vector<Column> columns_of(const std::vector<const Record*>& records) {
  std::vector<Column> columns;
  std::set<std::tuple<std::string, std::string, std::string>> seen;
  for (const Record* record : records) {
    const std::string dataset = record->dataset.value("name", "");
    if (!seen.emplace(dataset, record->protocol, record->fingerprint).second) continue;
    columns.push_back({dataset, record->protocol, record->fingerprint, plain_heading(*record), record});
  }
  tell_apart(columns);
  return columns;
}

std::vector<const Record*> cell_of(const Row& row, const Column& column) {
  std::vector<const Record*> runs;
  std::set<std::pair<std::string, std::string>> seen;
  for (const Record* record : row.records) {
    if (column.holds(*record) && seen.emplace(sha256_of(*record), seed_of(*record)).second)
      runs.push_back(record);
  }
  return runs;
}

std::string cell_text(const std::vector<const Record*>& runs) {
  if (runs.empty()) return "—";
  if (runs.size() == 1) return format_metric(runs[0]->headline());
  std::vector<double> values;
  for (const Record* run : runs) values.push_back(run->headline().value);
  return format_mean(mean_and_deviation(values), runs[0]->headline().unit);
}

std::vector<const Record*> pointers_to(const std::vector<Record>& records) {
  std::vector<const Record*> pointers;
  for (const Record& record : records) pointers.push_back(&record);
  return pointers;
}

}  // namespace repbench
