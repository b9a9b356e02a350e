#include "reports/page.h"

namespace repbench {
namespace {

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

}  // namespace

std::string to_markdown(const Page& page) {
  std::string out = "# " + page.title + "\n\n";
  if (!page.lead.empty()) out += page.lead + "\n\n";
  const std::string* heading = nullptr;
  const Overloaded part_text = {[&](Table table) {
                                  if (table.title == *heading) table.title.clear();
                                  return to_markdown(table);
                                },
                                [](const Figure& figure) { return "Figure: " + figure.title + "\n"; },
                                [](const Sheet& sheet) { return "Pictures: " + sheet.title + "\n"; }};
  for (const Section& section : page.sections) {
    heading = &section.heading;
    out += "## " + section.heading + "\n\n";
    if (!section.text.empty()) out += section.text + "\n\n";
    for (const auto& part : section.parts) out += std::visit(part_text, part) + "\n";
  }
  return out;
}

std::string to_csv(const Page& page) {
  std::string out;
  for (const Section& section : page.sections) {
    for (const auto& part : section.parts) {
      const Table* table = std::get_if<Table>(&part);
      if (table != nullptr) out += (out.empty() ? "" : "\r\n") + to_csv(*table);
    }
  }
  return out;
}

}  // namespace repbench
