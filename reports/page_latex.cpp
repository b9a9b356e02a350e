#include "reports/escape.h"
#include "reports/page.h"

namespace repbench {
namespace {

std::string paragraph(const std::string& text) { return text.empty() ? "" : escape_latex(text) + "\n\n"; }

std::string part_text(const std::variant<Table, Figure, Sheet>& part, const std::string& heading) {
  if (const auto* table = std::get_if<Table>(&part)) {
    Table shown = *table;
    if (shown.title == heading) shown.title.clear();
    return to_latex(shown);
  }
  const auto* figure = std::get_if<Figure>(&part);
  return figure != nullptr ? paragraph("Figure: " + figure->title)
                           : paragraph("Pictures: " + std::get<Sheet>(part).title);
}

}  // namespace

std::string to_latex(const Page& page) {
  std::string out =
      "\\documentclass{article}\n\\usepackage[utf8]{inputenc}\n\\usepackage{booktabs}\n"
      "\\begin{document}\n\\section*{" +
      escape_latex(page.title) + "}\n" + paragraph(page.lead);
  for (const Section& section : page.sections) {
    out += "\\subsection*{" + escape_latex(section.heading) + "}\n" + paragraph(section.text);
    for (const auto& part : section.parts) out += part_text(part, section.heading) + "\n";
    out += "\\clearpage\n";  // LaTeX holds a limited number of floating tables
  }
  return out + "\\end{document}\n";
}

}  // namespace repbench
