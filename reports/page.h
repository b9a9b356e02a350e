#pragma once

#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "reports/figure.h"
#include "reports/picture.h"
#include "reports/table.h"

namespace repbench {

/// A section of a page, in order.
struct Section {
  std::string heading;
  std::string text;  // one paragraph; "" if none
  std::vector<std::variant<Table, Figure, Sheet>> parts;
};

struct Page {
  std::string title;
  std::string lead;  // one paragraph
  std::vector<Section> sections;
};

/// One self-contained HTML file: no scripts, no outside links, light and dark, laptop and phone.
std::string to_html(const Page& page);

std::string to_markdown(const Page& page);  // tables only; figures and sheets by title
std::string to_csv(const Page& page);       // the tables, one after another, a blank line between

/// A whole document for pdflatex; figures and sheets by title.
std::string to_latex(const Page& page);

/// Tables as to_json(Table) writes them, figures with their series; sheets by title.
Json to_json(const Page& page);

/// What `repbench report DIR...` shows for these reports and the sheets (sheet.json) that lie beside them:
/// comparison tables, how the encoders were made, curves, grid tables for varying options, pictures,
/// environment, warnings.
Page build_page(const std::vector<std::filesystem::path>& folders);

}  // namespace repbench
