#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reports/escape.h"
#include "reports/table.h"

namespace repbench {
namespace {

std::string column_letters(const Table& table) {
  std::string letters;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const ColumnKind kind = column_kind(table, i);
    letters += kind == ColumnKind::number ? "r" : kind == ColumnKind::text ? "l" : "p{0.4\\linewidth}";
  }
  return letters;
}

std::string line(const std::vector<std::string>& cells) {
  // After a line's end LaTeX takes a bracket or a star for an argument.
  const std::string text = fmt::format("{} \\\\\n", fmt::join(cells, " & "));
  return text.starts_with('[') || text.starts_with('*') ? "{}" + text : text;
}

std::vector<std::string> escaped(const Table& table, size_t row) {
  std::vector<std::string> cells;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const std::string cell = escape_latex(table.rows[row][i]);
    cells.push_back(is_bold(table, row, i) ? "\\textbf{" + cell + "}" : cell);
  }
  return cells;
}

}  // namespace

std::string to_latex(const Table& table) {
  check_table(table);
  std::string out = "\\begin{table}[!htb]\n\\centering\n";
  if (!table.title.empty()) out += "\\caption{" + escape_latex(table.title) + "}\n";
  out += "\\begin{tabular}{" + column_letters(table) + "}\n\\toprule\n";
  std::vector<std::string> headings;
  for (const std::string& column : table.columns) headings.push_back(escape_latex(column));
  out += line(headings) + "\\midrule\n";
  for (size_t row = 0; row < table.rows.size(); ++row) out += line(escaped(table, row));
  out += "\\bottomrule\n\\end{tabular}\n";
  if (!table.note.empty())
    out += "\n\\medskip\n\\parbox{\\linewidth}{\\footnotesize " + escape_latex(table.note) + "}\n";
  return out + "\\end{table}\n";
}

}  // namespace repbench
