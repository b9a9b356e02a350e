#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "files/json.h"

// Numbers that others published, as data: configs/references/*.json, one file a source.

namespace repbench {

struct ReferenceColumn {
  std::string name;      // as printed: "fine-tuning"
  std::string protocol;  // ours where we have it ("linear_probe"), else a word of its own
  std::string metric;
  std::string unit;                  // "%": as printed, in [0, 100]
  Json conditions = Json::object();  // beyond the table's: {"dataset": "cifar10"}
};

struct ReferenceRow {
  std::string value;  // on the table's axis, as tables write an option's value
  std::vector<std::optional<double>> cells;
};

/// Cells that differ from the rest of their table.
struct ReferenceException {
  std::optional<std::string> row, column;  // none: every
  std::optional<bool> verified;
  Json conditions = Json::object();
  std::string note;
};

struct ReferenceCell {
  double value = 0;  // as printed
  std::string unit, protocol, metric;
  std::string source;     // the paper
  std::string where;      // "Table 1(a)"
  bool verified = false;  // read there, not recalled
  Json conditions;        // under which it was measured: the table's, its column's and its own
  std::string note;       // of this cell; "" if none
};

struct ReferenceTable {
  std::string name;  // "mae:decoder_depth"
  std::string source, where;
  bool verified = false;
  Json conditions = Json::object();
  std::string axis;  // an option's dotted key, "encoder", "dataset", or a word of its own
  std::vector<ReferenceColumn> columns;
  std::vector<ReferenceRow> rows;
  std::vector<ReferenceException> exceptions;
  std::string note;  // what its reader must know; "" if nothing

  /// Empty where the paper has no such row or no number there. Numbers are compared as numbers (0.75 is
  /// 0.750), names by their letters and digits alone (ViT-B/32 is vit_b_32). Throws std::invalid_argument for
  /// a column that the table lacks.
  std::optional<ReferenceCell> cell(std::string_view axis_value, std::string_view column) const;
};

/// One file: a source with its tables.
struct Reference {
  std::string name;  // "mae"
  std::string source;
  std::string note;
  std::vector<ReferenceTable> tables;
};

/// The sources in a folder, by name. By default ours: share/repbench/references beside an installed program's
/// bin/, or configs/references of the sources. Throws std::runtime_error if there are none,
/// std::invalid_argument naming the file and the key for what is not as this header says: no `where`,
/// `verified` or `conditions`, a percentage beyond [0, 100], rows of another length than `columns`, two rows,
/// columns or tables of one name, an exception for a cell that is not there.
std::vector<Reference> read_references(const std::filesystem::path& folder = {});

/// One of our tables by its full name ("mae:decoder_depth"); an unknown one is an error that names the
/// nearest.
ReferenceTable find_reference_table(std::string_view name);

/// Do two values of an axis mean the same? See ReferenceTable::cell.
bool same_axis_value(std::string_view a, std::string_view b);

}  // namespace repbench
