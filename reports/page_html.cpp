#include <fmt/format.h>

#include <map>

#include "reports/escape.h"
#include "reports/page.h"

namespace repbench {
namespace {

constexpr const char* kStyle = R"css(
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1c2127; --soft: #5a6570; --line: #d9dee4;
  --panel: #f5f7f9; --accent: #0b62a4; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14171b; --ink: #e4e8ec; --soft: #a3adb8; --line: #333a42; --panel: #1d2227; --accent: #7cc0f5; }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 3.2rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
header, main, footer { max-width: 74rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2rem; padding-bottom: 1rem; }
h1 { margin: 0 0 .4rem; font-size: 1.8rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 0 0 .6rem; font-size: 1.25rem; line-height: 1.3; }
p { margin: .4rem 0; max-width: 46rem; }
header p, .note, footer { color: var(--soft); }
.note, footer { font-size: .875rem; }
nav { position: sticky; top: 0; z-index: 2; background: var(--paper); border-block: 1px solid var(--line); }
nav ul { max-width: 74rem; margin: 0 auto; padding: 0 1.25rem; display: flex; gap: 1.25rem; list-style: none;
  overflow-x: auto; white-space: nowrap; }
nav a { display: block; padding: .6rem 0; color: var(--accent); text-decoration: none; }
nav a:hover { text-decoration: underline; }
section { padding: 1.6rem 0 .4rem; }
.part { margin: .9rem 0 1.6rem; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: separate; border-spacing: 0; font-size: .9rem; font-variant-numeric: tabular-nums;
  min-width: 100%; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td { padding: .45rem .8rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line);
  white-space: nowrap; background: var(--paper); }
tbody tr:last-child > * { border-bottom: 0; }
thead th { background: var(--panel); vertical-align: bottom; white-space: normal; min-width: 6rem; }
th:first-child { position: sticky; left: 0; z-index: 1; border-right: 1px solid var(--line); }
tbody th { font-weight: 600; }
td.number, th.number { text-align: right; }
td.number { white-space: normal; }
td.long, th.long { white-space: normal; min-width: 16rem; max-width: 44rem; overflow-wrap: anywhere; }
h3 { margin: 0 0 .5rem; font-size: 1rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); gap: 1.25rem; }
figure { margin: 0; }
.chart { padding: .8rem 1rem; border: 1px solid var(--line); border-radius: 6px; max-width: 36rem; }
.chart svg { display: block; width: 100%; height: auto; }
.sheet figcaption { margin-bottom: .5rem; font-weight: 600; overflow-wrap: anywhere; }
.sheet table { min-width: 0; }
.sheet td { padding: .25rem; border: 0; }
.sheet th { vertical-align: middle; border-bottom: 0; padding: .25rem .8rem; }
.sheet th[scope="col"] { text-align: center; font-weight: 400; color: var(--soft); }
.sheet th.caption { white-space: normal; min-width: 9rem; max-width: 18rem; font-weight: 400; line-height: 1.3; }
.sheet img { display: block; image-rendering: pixelated; margin: 0 auto; }
.sheet td span { display: block; text-align: center; font-size: .75rem; line-height: 1.3; color: var(--soft); }
details > summary { cursor: pointer; color: var(--accent); padding: .3rem 0; }
footer { padding-top: 1rem; padding-bottom: 2.5rem; }
@media (max-width: 40rem) {
  header, main, footer, nav ul { padding-left: .9rem; padding-right: .9rem; }
  h1 { font-size: 1.45rem; }
  th, td { padding: .4rem .6rem; }
  .chart { padding: .5rem; }
  td.long, th.long { min-width: 11rem; }
  tbody th:first-child { white-space: normal; min-width: 6rem; max-width: 11rem; }
}
@media print { nav { display: none; } .scroll { overflow: visible; } }
)css";

constexpr size_t kLongTable = 60;  // rows; a longer table is folded

std::string table_html(const Table& table, const std::string& heading) {
  std::string out = "<div class=\"part\">\n";
  if (!table.title.empty() && table.title != heading) out += "<h3>" + escape_xml(table.title) + "</h3>\n";
  const bool folded = table.rows.size() > kLongTable;
  if (folded) out += fmt::format("<details><summary>{} rows</summary>\n", table.rows.size());
  out += "<div class=\"scroll\" tabindex=\"0\">" + to_html(table) + "</div>\n";
  if (folded) out += "</details>\n";
  if (!table.note.empty()) out += "<p class=\"note\">" + escape_xml(table.note) + "</p>\n";
  return out + "</div>\n";
}

/// Neighbouring figures share one grid of charts.
std::string parts_html(const Section& section) {
  std::string out;
  bool charts_open = false;
  for (const auto& part : section.parts) {
    const Figure* figure = std::get_if<Figure>(&part);
    if ((figure != nullptr) != charts_open)
      out += figure != nullptr ? "<div class=\"part charts\">\n" : "</div>\n";
    charts_open = figure != nullptr;
    if (figure != nullptr) {
      out += "<figure class=\"chart\">\n" + to_svg(*figure) + "</figure>\n";
    } else if (const Table* table = std::get_if<Table>(&part)) {
      out += table_html(*table, section.heading);
    } else {
      out += "<div class=\"part\">\n" + to_html(std::get<Sheet>(part)) + "</div>\n";
    }
  }
  return out + (charts_open ? "</div>\n" : "");
}

std::vector<std::string> anchors_of(const Page& page) {
  std::vector<std::string> anchors;
  std::map<std::string, int> uses;
  for (const Section& section : page.sections) {
    std::string anchor = anchor_name(section.heading);
    const int use = ++uses[anchor];
    anchors.push_back(use == 1 ? anchor : fmt::format("{}-{}", anchor, use));
  }
  return anchors;
}

}  // namespace

std::string to_html(const Page& page) {
  const std::vector<std::string> anchors = anchors_of(page);
  const std::string title = escape_xml(page.title);
  std::string navigation, sections;
  for (size_t i = 0; i < page.sections.size(); ++i) {
    const Section& section = page.sections[i];
    const std::string heading = escape_xml(section.heading);
    navigation += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", anchors[i], heading);
    sections += fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n", anchors[i], heading);
    if (!section.text.empty()) sections += "<p>" + escape_xml(section.text) + "</p>\n";
    sections += parts_html(section) + "</section>\n";
  }
  const std::string lead = page.lead.empty() ? "" : "<p>" + escape_xml(page.lead) + "</p>\n";
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{0}</title>\n"
      "<style>{1}</style>\n</head>\n<body>\n<header>\n<h1>{0}</h1>\n{2}</header>\n"
      "<nav aria-label=\"Sections\"><ul>\n{3}</ul></nav>\n<main>\n{4}</main>\n"
      "<footer>Written by repbench.</footer>\n</body>\n</html>\n",
      title, kStyle, lead, navigation, sections);
}

}  // namespace repbench
