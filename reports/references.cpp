#include "reports/references.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <stdexcept>

#include "files/checked_json.h"
#include "files/data_folder.h"
#include "files/nearest.h"
#include "reports/axes.h"
#include "reports/numbers.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

/// Letters and digits alone, in lower case.
std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char letter : name) {
    const auto byte = static_cast<unsigned char>(letter);
    if (std::isalnum(byte) != 0) plain += static_cast<char>(std::tolower(byte));
  }
  return plain;
}

std::string text_of(const CheckedJson& object, std::string_view key) {
  const auto member = object.find(key);
  if (!member) return "";
  if (member->text().empty()) member->fail("a text");
  return member->text();
}

std::string required_text(const CheckedJson& object, std::string_view key) {
  object.at(key);
  return text_of(object, key);
}

/// A flat object: "epochs": 800.
Json conditions_of(const CheckedJson& conditions) {
  for (const auto& [key, value] : conditions.object().items()) {
    if (!value.is_primitive() || value.is_null()) conditions.at(key).fail("a number, a text or a flag");
  }
  return conditions.value();
}

/// Adds a name that may not be there yet.
void add_name(std::set<std::string>& names, const std::string& name, const CheckedJson& at) {
  if (!names.insert(name).second) at.fail("each name once");
}

ReferenceColumn read_column(const CheckedJson& item) {
  item.expect_only({"name", "protocol", "metric", "unit", "conditions"});
  ReferenceColumn column;
  column.name = required_text(item, "name");
  column.protocol = required_text(item, "protocol");
  column.metric = required_text(item, "metric");
  column.unit = required_text(item, "unit");
  if (const auto conditions = item.find("conditions")) column.conditions = conditions_of(*conditions);
  return column;
}

std::optional<double> read_cell(const CheckedJson& item, const ReferenceColumn& column) {
  if (item.value().is_null()) return std::nullopt;
  const double value = item.number();
  if (column.unit == "%" && !(value >= 0 && value <= 100)) item.fail("a percentage");
  return value;
}

ReferenceRow read_row(const CheckedJson& row, const std::vector<ReferenceColumn>& columns) {
  const std::vector<CheckedJson> items = row.items();
  if (items.size() != columns.size() + 1) {
    row.fail(fmt::format("a value of the axis and {} cells", columns.size()));
  }
  const Json& value = items[0].value();
  if (!value.is_primitive() || value.is_null() || value == "") items[0].fail("a number, a text or a flag");
  ReferenceRow read{value_text(value), {}};
  for (size_t i = 0; i < columns.size(); ++i) read.cells.push_back(read_cell(items[i + 1], columns[i]));
  return read;
}

ReferenceException read_exception(const CheckedJson& item, const ReferenceTable& table) {
  item.expect_only({"row", "column", "verified", "conditions", "note"});
  ReferenceException read;
  if (const auto row = item.find("row")) {
    read.row = value_text(row->value());
    if (std::none_of(table.rows.begin(), table.rows.end(),
                     [&](const ReferenceRow& known) { return known.value == *read.row; }))
      row->fail("a row of the table");
  }
  if (const auto column = item.find("column")) {
    read.column = column->text();
    if (std::none_of(table.columns.begin(), table.columns.end(),
                     [&](const ReferenceColumn& known) { return known.name == *read.column; }))
      column->fail("a column of the table");
  }
  if (!read.row && !read.column) item.fail("a row, a column or both");
  if (const auto verified = item.find("verified")) read.verified = verified->flag();
  if (const auto conditions = item.find("conditions")) read.conditions = conditions_of(*conditions);
  read.note = text_of(item, "note");
  return read;
}

void read_columns_and_rows(const CheckedJson& item, ReferenceTable& table) {
  std::set<std::string> names;
  for (const CheckedJson& column : item.at("columns").items()) {
    table.columns.push_back(read_column(column));
    add_name(names, table.columns.back().name, column.at("name"));
  }
  if (table.columns.empty()) item.at("columns").fail("at least one column");
  for (const CheckedJson& item_row : item.at("rows").items()) {
    ReferenceRow row = read_row(item_row, table.columns);
    for (const ReferenceRow& other : table.rows) {
      if (same_axis_value(other.value, row.value)) item_row.items()[0].fail("each row once");
    }
    table.rows.push_back(std::move(row));
  }
  if (table.rows.empty()) item.at("rows").fail("at least one row");
}

ReferenceTable read_table(const CheckedJson& item, const Reference& reference) {
  item.expect_only(
      {"name", "where", "verified", "conditions", "axis", "columns", "rows", "exceptions", "note"});
  ReferenceTable table;
  table.name = reference.name + ":" + required_text(item, "name");
  table.source = reference.source;
  table.where = required_text(item, "where");
  table.verified = item.at("verified").flag();
  table.conditions = conditions_of(item.at("conditions"));
  if (table.conditions.empty()) item.at("conditions").fail("at least one condition");
  table.axis = required_text(item, "axis");
  table.note = text_of(item, "note");
  read_columns_and_rows(item, table);
  if (const auto exceptions = item.find("exceptions")) {
    for (const CheckedJson& exception : exceptions->items())
      table.exceptions.push_back(read_exception(exception, table));
  }
  return table;
}

Reference read_reference(const fs::path& path) {
  const Json document = read_json(path);
  const CheckedJson checked(document, "[references] " + path.string());
  checked.expect_only({"name", "source", "note", "tables"});
  Reference reference{
      required_text(checked, "name"), required_text(checked, "source"), text_of(checked, "note"), {}};
  if (reference.name != path.stem().string())
    checked.at("name").fail("the file's name, " + path.stem().string());
  std::set<std::string> names;
  for (const CheckedJson& item : checked.at("tables").items()) {
    reference.tables.push_back(read_table(item, reference));
    add_name(names, reference.tables.back().name, item.at("name"));
  }
  if (reference.tables.empty()) checked.at("tables").fail("at least one table");
  return reference;
}

}  // namespace

bool same_axis_value(std::string_view a, std::string_view b) {
  const auto x = number_in(a), y = number_in(b);
  if (x || y) return x == y;
  const std::string plain = plain_name(a);
  return plain.empty() ? a == b : plain == plain_name(b);
}

std::optional<ReferenceCell> ReferenceTable::cell(std::string_view axis_value,
                                                  std::string_view column) const {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const ReferenceColumn& known) { return known.name == column; });
  if (found == columns.end()) {
    std::vector<std::string> names;
    for (const ReferenceColumn& known : columns) names.push_back(known.name);
    fail_unknown_name("references", "a column of " + name, column, names);
  }
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const ReferenceRow& known) {
    return same_axis_value(known.value, axis_value);
  });
  if (row == rows.end()) return std::nullopt;
  const std::optional<double> value = row->cells[static_cast<size_t>(found - columns.begin())];
  if (!value) return std::nullopt;
  ReferenceCell cell{*value,     found->unit, found->protocol, found->metric, source, where, verified,
                     conditions, ""};
  cell.conditions.update(found->conditions);
  for (const ReferenceException& exception : exceptions) {
    if (exception.row.value_or(row->value) != row->value ||
        exception.column.value_or(found->name) != found->name)
      continue;
    cell.verified = exception.verified.value_or(cell.verified);
    cell.conditions.update(exception.conditions);
    if (!exception.note.empty()) cell.note = exception.note;
  }
  return cell;
}

std::vector<Reference> read_references(const fs::path& folder) {
  const fs::path chosen = folder.empty() ? data_folder("references", REPBENCH_BUILT_REFERENCES) : folder;
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(chosen, error)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  if (files.empty()) {
    throw std::runtime_error(
        fmt::format("[references] {}: expected a folder with files NAME.json; got none", chosen.string()));
  }
  std::sort(files.begin(), files.end());
  std::vector<Reference> references;
  for (const fs::path& file : files) references.push_back(read_reference(file));
  return references;
}

ReferenceTable find_reference_table(std::string_view name) {
  std::vector<std::string> names;
  for (Reference& reference : read_references()) {
    for (ReferenceTable& table : reference.tables) {
      if (table.name == name) return std::move(table);
      names.push_back(table.name);
    }
  }
  fail_unknown_name("references", "a published table", name, names);
}

}  // namespace repbench
