#include "reports/table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "reports/escape.h"

namespace repbench {
namespace {

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string markdown_cell(const std::string& text) {
  std::string out = replaced(replaced(without_controls(text), "\n", "; "), "\\", "\\\\");
  out = replaced(out, "|", "\\|");
  return replaced(replaced(out, "<", "\\<"), "*", "\\*");
}

std::string csv_cell(const std::string& text) {
  const std::string line = replaced(without_controls(text), "\n", "; ");
  if (line.find_first_of(",\"") == std::string::npos) return line;
  return "\"" + replaced(line, "\"", "\"\"") + "\"";
}

template <class Cell>
std::string joined(const std::vector<std::string>& cells, std::string_view separator, Cell cell) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i)
    line += (i == 0 ? std::string() : std::string(separator)) + cell(cells[i]);
  return line;
}

bool looks_numeric(const std::string& text) {
  if (text.empty() || text == "—") return true;
  return text.substr(0, text.find_first_of(" \n")).find_first_not_of("-.0123456789e+") == std::string::npos;
}

std::string column_class(const Table& table, size_t column) {
  const ColumnKind kind = column_kind(table, column);
  if (kind == ColumnKind::long_text) return " class=\"long\"";
  return kind == ColumnKind::number ? " class=\"number\"" : "";
}

constexpr size_t kManyColumns = 5;  // a wider table puts intervals below their values

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// A number stays with its unit and its neighbours: lines break between words and before an interval.
std::string html_number(const std::string& text, bool many_columns) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool between_words =
        i > 0 && i + 1 < text.size() && is_letter(text[i - 1]) && is_letter(text[i + 1]);
    const bool before_interval = i + 1 < text.size() && text[i + 1] == '[';
    if (text[i] != ' ' || between_words) {
      out += text[i];
    } else {
      out += before_interval ? (many_columns ? "\n" : " ") : "\u00a0";
    }
  }
  return out;
}

std::string html_cell(const Table& table, const std::string& text, const std::string& css_class) {
  const bool numeric = css_class.find("number") != std::string::npos;
  const std::string kept = numeric ? html_number(text, table.columns.size() > kManyColumns) : text;
  return replaced(escape_xml(kept), "\n", "<br>");
}

/// Long names may break after their underscores.
std::string html_heading(const std::string& text) { return replaced(escape_xml(text), "_", "_<wbr>"); }

}  // namespace

void check_table(const Table& table) {
  for (const auto& row : table.rows) {
    if (row.size() == table.columns.size()) continue;
    throw std::logic_error(fmt::format("[table] expected {} cells a row in {}; got {}", table.columns.size(),
                                       table.title, row.size()));
  }
  for (const auto& [row, column] : table.bold) {
    if (row < table.rows.size() && column < table.columns.size()) continue;
    throw std::logic_error(fmt::format("[table] expected a bold cell among {} x {} in {}; got ({}, {})",
                                       table.rows.size(), table.columns.size(), table.title, row, column));
  }
}

bool is_bold(const Table& table, size_t row, size_t column) {
  return std::find(table.bold.begin(), table.bold.end(), std::pair(row, column)) != table.bold.end();
}

ColumnKind column_kind(const Table& table, size_t column) {
  constexpr size_t kLong = 60;
  size_t longest = 0;
  bool numeric = column > 0;
  for (const auto& row : table.rows) {
    longest = std::max(longest, row[column].size());
    numeric = numeric && looks_numeric(row[column]);
  }
  if (longest > kLong) return ColumnKind::long_text;
  return numeric ? ColumnKind::number : ColumnKind::text;
}

std::string to_markdown(const Table& table) {
  check_table(table);
  std::string out = table.title.empty() ? "" : "**" + markdown_cell(table.title) + "**\n\n";
  out += "| " + joined(table.columns, " | ", markdown_cell) + " |\n|";
  for (size_t i = 0; i < table.columns.size(); ++i) out += "---|";
  out += "\n";
  for (size_t row = 0; row < table.rows.size(); ++row) {
    std::vector<std::string> cells;
    for (size_t i = 0; i < table.columns.size(); ++i) {
      const std::string cell = markdown_cell(table.rows[row][i]);
      cells.push_back(is_bold(table, row, i) ? "**" + cell + "**" : cell);
    }
    out += fmt::format("| {} |\n", fmt::join(cells, " | "));
  }
  if (!table.note.empty()) out += "\n" + table.note + "\n";
  return out;
}

std::string to_csv(const Table& table) {
  check_table(table);
  std::string out = joined(table.columns, ",", csv_cell) + "\r\n";
  for (const auto& row : table.rows) out += joined(row, ",", csv_cell) + "\r\n";
  return out;
}

std::string to_html(const Table& table) {
  check_table(table);
  std::vector<std::string> classes;
  for (size_t i = 0; i < table.columns.size(); ++i) classes.push_back(column_class(table, i));
  std::string out = "<table>\n";
  if (!table.title.empty()) out += "<caption>" + escape_xml(table.title) + "</caption>\n";
  out += "<thead><tr>";
  for (size_t i = 0; i < table.columns.size(); ++i) {
    out += "<th scope=\"col\"" + classes[i] + ">" + html_heading(table.columns[i]) + "</th>";
  }
  out += "</tr></thead>\n<tbody>\n";
  for (size_t row = 0; row < table.rows.size(); ++row) {
    out += "<tr>";
    for (size_t i = 0; i < classes.size(); ++i) {
      const std::string cell = html_cell(table, table.rows[row][i], classes[i]);
      out += fmt::format("<{0}{1}{2}>{3}</{0}>", i == 0 ? "th" : "td", i == 0 ? " scope=\"row\"" : "",
                         classes[i], is_bold(table, row, i) ? "<strong>" + cell + "</strong>" : cell);
    }
    out += "</tr>\n";
  }
  return out + "</tbody>\n</table>\n";
}

Json to_json(const Table& table) {
  check_table(table);
  Json rows = Json::array();
  for (size_t row = 0; row < table.rows.size(); ++row) {
    Json cells = Json::array();
    for (size_t i = 0; i < table.columns.size(); ++i) {
      Json cell = {{"text", table.rows[row][i]}};
      if (is_bold(table, row, i)) cell["bold"] = true;
      cells.push_back(std::move(cell));
    }
    rows.push_back(std::move(cells));
  }
  return {
      {"title", table.title}, {"note", table.note}, {"columns", table.columns}, {"rows", std::move(rows)}};
}

}  // namespace repbench
