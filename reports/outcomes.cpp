#include "reports/outcomes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>
#include <unordered_set>

#include "files/atomic.h"
#include "files/checked_json.h"
#include "files/hash.h"
#include "reports/metric_kinds.h"
#include "reports/migrations.h"
#include "reports/record_json.h"

namespace fs = std::filesystem;

namespace repbench {
namespace {

constexpr int64_t kMostClasses = int64_t{1} << 24;  // sums over classes are arrays of so many at most

/// -1, or a class; by its name if there are names.
void check_labels(const OutcomeTable& table, size_t class_names, const std::string& where) {
  const int64_t classes = class_names > 0 ? static_cast<int64_t>(class_names) : kMostClasses;
  for (size_t i = 0; i < table.labels.size(); ++i) {
    if (table.labels[i] >= -1 && table.labels[i] < classes) continue;
    throw std::invalid_argument(fmt::format("{}: expected labels from -1 to {}; got {} for {}", where,
                                            classes - 1, table.labels[i], table.ids[i]));
  }
}

void check_table(const OutcomeTable& table, const std::string& where) {
  const auto expect_rows = [&](const std::string& column, size_t rows) {
    if (rows == table.ids.size()) return;
    throw std::invalid_argument(fmt::format("{}: expected {} rows in each column of {}s as in ids; got {} {}",
                                            where, table.ids.size(), table.unit, column, rows));
  };
  expect_rows("labels", table.labels.size());
  if (!table.groups.empty()) expect_rows("groups", table.groups.size());
  for (const int64_t group : table.groups) {
    if (group >= 0 && group < static_cast<int64_t>(table.ids.size())) continue;
    throw std::invalid_argument(
        fmt::format("{}: expected groups from 0 to {}; got {}", where, table.ids.size() - 1, group));
  }
  for (const auto& [name, column] : table.columns) {
    expect_rows(name, column.size());
    const bool finite =
        std::all_of(column.begin(), column.end(), [](double value) { return std::isfinite(value); });
    if (!finite)
      throw std::invalid_argument(fmt::format("{}: expected finite numbers in {}; got another", where, name));
  }
  std::unordered_set<std::string_view> seen;
  for (const std::string& id : table.ids) {
    if (seen.insert(id).second) continue;
    throw std::invalid_argument(
        fmt::format("{}: expected each {} once; got the id {} twice", where, table.unit, id));
  }
}

void check_outcomes(const Outcomes& outcomes, const std::string& where) {
  std::set<std::string> names;
  for (const OutcomeTable& table : outcomes.tables) {
    check_table(table, where);
    check_labels(table, outcomes.class_names.size(), where);
    for (const auto& [name, column] : table.columns) {
      if (names.insert(name).second) continue;
      throw std::invalid_argument(
          fmt::format("{}: expected the column {} in one table; got it in two", where, name));
    }
  }
}

/// Whole numbers without a point: most columns are counts.
Json column_json(const std::vector<double>& column) {
  constexpr double kExact = 9007199254740992;  // 2^53
  Json json = Json::array();
  for (const double value : column) {
    if (value == std::floor(value) && std::abs(value) < kExact) {
      json.push_back(static_cast<int64_t>(value));
    } else {
      json.push_back(value);
    }
  }
  return json;
}

OutcomeTable table_from(const CheckedJson& json) {
  json.expect_only({"unit", "ids", "labels", "columns", "groups"});
  OutcomeTable table;
  table.unit = json.at("unit").text();
  table.ids = json.at("ids").texts();
  table.labels = json.at("labels").integers();
  if (const auto groups = json.find("groups")) table.groups = groups->integers();
  const CheckedJson columns = json.at("columns");
  for (const auto& column : columns.object().items()) {
    table.columns[column.key()] = columns.at(column.key()).numbers();
  }
  return table;
}

Outcomes outcomes_from(const Json& document, const std::string& where) {
  const CheckedJson json(document, where);
  json.expect_only({"class_names", "tables"});
  Outcomes outcomes;
  outcomes.class_names = json.at("class_names").texts();
  for (const CheckedJson& table : json.at("tables").items()) outcomes.tables.push_back(table_from(table));
  check_outcomes(outcomes, where);
  return outcomes;
}

}  // namespace

const OutcomeTable* Outcomes::table_of(std::string_view column) const {
  for (const OutcomeTable& table : tables) {
    if (table.columns.contains(std::string(column))) return &table;
  }
  return nullptr;
}

const std::vector<double>& Outcomes::column(const std::string& name) const {
  const OutcomeTable* table = table_of(name);
  if (table == nullptr)
    throw std::logic_error(fmt::format("[outcomes] expected a column {}; got none", name));
  return table->columns.at(name);
}

std::string outcomes_bytes(const Outcomes& outcomes) {
  check_outcomes(outcomes, "[outcomes] a record's outcomes");
  Json tables = Json::array();
  for (const OutcomeTable& table : outcomes.tables) {
    Json columns = Json::object();
    for (const auto& [name, column] : table.columns) columns[name] = column_json(column);
    tables.push_back(
        {{"unit", table.unit}, {"ids", table.ids}, {"labels", table.labels}, {"columns", columns}});
    if (!table.groups.empty()) tables.back()["groups"] = table.groups;
  }
  return canonical_json({{"class_names", outcomes.class_names}, {"tables", tables}}) + "\n";
}

void check_against_outcomes(const std::vector<Metric>& metrics, const std::optional<Outcomes>& outcomes,
                            const std::string& where) {
  for (const Metric& metric : metrics) {
    if (metric.column.empty()) continue;
    const OutcomeTable* table = outcomes ? outcomes->table_of(metric.column) : nullptr;
    if (table == nullptr) {
      throw std::invalid_argument(
          fmt::format("{}: metric {}: expected outcomes with the column '{}'; got none", where, metric.name,
                      metric.column));
    }
    const double counted = aggregate_outcomes(metric, *table);
    if (std::abs(counted - metric.value) <= 1e-9 * std::max(1.0, std::abs(counted))) continue;
    throw std::invalid_argument(fmt::format("{}: metric {}: expected {} as its outcomes give; got {}", where,
                                            metric.name, counted, metric.value));
  }
}

std::optional<Outcomes> read_outcomes(const fs::path& report_json, const Record& record) {
  const std::string report = "[record] " + report_json.string();
  if (record.outcomes_sha256.empty()) {
    check_against_outcomes(record.metrics, std::nullopt, report);
    return std::nullopt;
  }
  const fs::path path = report_json.parent_path() / kOutcomesFile;
  const std::string where = "[outcomes] " + path.string();
  if (!fs::exists(path)) {
    throw std::invalid_argument(
        fmt::format("{}: expected the outcomes of {}; got no such file", where, report_json.string()));
  }
  const std::string bytes = read_regular_file(path);
  if (const std::string got = sha256(bytes); got != record.outcomes_sha256) {
    throw std::invalid_argument(fmt::format("{}: expected sha256 {} as {} says; got {}", where,
                                            record.outcomes_sha256, report_json.string(), got));
  }
  Outcomes outcomes =
      outcomes_from(migrated_outcomes(parse_json(bytes, path.string()), record.schema_version, where), where);
  check_against_outcomes(record.metrics, outcomes, report);
  return outcomes;
}

std::optional<Outcomes> read_outcomes(const fs::path& report_json) {
  return read_outcomes(report_json, read_record(report_json));
}

}  // namespace repbench
