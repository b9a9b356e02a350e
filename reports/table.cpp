#include "reports/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "reports/escape.h"

namespace repbench {
namespace {

void check(const Table& table) {
  for (const auto& row : table.rows) {
    if (row.size() == table.columns.size()) continue;
    throw std::logic_error(fmt::format("[table] expected {} cells a row in {}; got {}", table.columns.size(),
                                       table.title, row.size()));
  }
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string markdown_cell(const std::string& text) {
  std::string out = replaced(replaced(text, "\n", "; "), "\\", "\\\\");
  out = replaced(out, "|", "\\|");
  return replaced(replaced(out, "<", "\\<"), "*", "\\*");
}

std::string csv_cell(const std::string& text) {
  const std::string line = replaced(text, "\n", "; ");
  if (line.find_first_of(",\"\r") == std::string::npos) return line;
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

/// Numbers line up at the right, texts at the left; long texts may wrap.
std::string column_class(const Table& table, size_t column) {
  size_t longest = 0;
  bool numeric = true;
  for (const auto& row : table.rows) {
    longest = std::max(longest, row[column].size());
    numeric = numeric && looks_numeric(row[column]);
  }
  if (longest > 60) return " class=\"long\"";
  return numeric && column > 0 ? " class=\"number\"" : "";
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

std::string to_markdown(const Table& table) {
  check(table);
  std::string out = table.title.empty() ? "" : "**" + markdown_cell(table.title) + "**\n\n";
  out += "| " + joined(table.columns, " | ", markdown_cell) + " |\n|";
  for (size_t i = 0; i < table.columns.size(); ++i) out += "---|";
  out += "\n";
  for (const auto& row : table.rows) out += "| " + joined(row, " | ", markdown_cell) + " |\n";
  if (!table.note.empty()) out += "\n" + table.note + "\n";
  return out;
}

std::string to_csv(const Table& table) {
  check(table);
  std::string out = joined(table.columns, ",", csv_cell) + "\r\n";
  for (const auto& row : table.rows) out += joined(row, ",", csv_cell) + "\r\n";
  return out;
}

std::string to_html(const Table& table) {
  check(table);
  std::vector<std::string> classes;
  for (size_t i = 0; i < table.columns.size(); ++i) classes.push_back(column_class(table, i));
  std::string out = "<table>\n";
  if (!table.title.empty()) out += "<caption>" + escape_xml(table.title) + "</caption>\n";
  out += "<thead><tr>";
  for (size_t i = 0; i < table.columns.size(); ++i) {
    out += "<th scope=\"col\"" + classes[i] + ">" + html_heading(table.columns[i]) + "</th>";
  }
  out += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string_view tag = i == 0 ? "th" : "td";
      out += fmt::format("<{0}{1}{2}>{3}</{0}>", tag, i == 0 ? " scope=\"row\"" : "", classes[i],
                         html_cell(table, row[i], classes[i]));
    }
    out += "</tr>\n";
  }
  return out + "</tbody>\n</table>\n";
}

}  // namespace repbench
