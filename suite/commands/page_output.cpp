#include "suite/commands/page_output.h"

#include <fmt/format.h>

#include <cctype>
#include <string_view>
#include <variant>

#include "files/atomic.h"
#include "files/json.h"

namespace repbench {
namespace {

/// "Partial fine-tuning: accuracy" -> "partial-fine-tuning-accuracy".
std::string file_name(std::string_view title) {
  std::string name;
  for (const char letter : title) {
    if (std::isalnum(static_cast<unsigned char>(letter)) != 0) {
      name += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name;
}

std::string render(const Page& page, const std::string& format) {
  if (format == "html") return to_html(page);
  if (format == "csv") return to_csv(page);
  if (format == "latex") return to_latex(page);
  if (format == "json") return pretty_json(to_json(page));
  return to_markdown(page);
}

}  // namespace

void PageOutput::add_options(CLI::App& command) {
  command.add_option("--format", format, "md, csv, latex, html or json; else as the file's name says")
      ->check(CLI::IsMember({"md", "csv", "latex", "html", "json"}));
  command.add_option("--out", out, "file; else standard output");
}

std::string PageOutput::resolved_format() const {
  if (!format.empty()) return format;
  const std::string extension = std::filesystem::path(out).extension().string();
  if (extension == ".tex") return "latex";
  return extension == ".html" || extension == ".csv" || extension == ".json" ? extension.substr(1) : "md";
}

void PageOutput::write(const Page& page) const { write(render(page, resolved_format())); }

void PageOutput::write(const std::string& text) const {
  if (out.empty()) {
    fmt::print("{}", text);
  } else {
    write_file_atomically(out, text);
  }
}

void write_pictures(const Page& page, const std::filesystem::path& folder) {
  constexpr int kScale = 3;
  for (const Section& section : page.sections) {
    for (const auto& part : section.parts) {
      if (const auto* figure = std::get_if<Figure>(&part)) {
        write_file_atomically(folder / (file_name(figure->title) + ".svg"), to_svg(*figure));
      } else if (const auto* sheet = std::get_if<Sheet>(&part)) {
        write_file_atomically(folder / (file_name(sheet->title) + ".png"),
                              to_png(contact_sheet(*sheet, kScale)));
      }
    }
  }
}

}  // namespace repbench
