#include <fmt/format.h>

#include <cctype>
#include <filesystem>
#include <memory>
#include <variant>

#include "files/atomic.h"
#include "files/json.h"
#include "reports/page.h"
#include "suite/commands/commands.h"

namespace repbench {
namespace {

struct Arguments {
  std::vector<std::string> folders;
  std::string format, out, pictures;
};

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

/// Every figure as SVG and every sheet as PNG, named by its title.
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

std::string render(const Page& page, const std::string& format) {
  if (format == "html") return to_html(page);
  if (format == "csv") return to_csv(page);
  if (format == "latex") return to_latex(page);
  if (format == "json") return pretty_json(to_json(page));
  return to_markdown(page);
}

/// The format asked for, else the one that the file's name says, else Markdown.
std::string format_of(const Arguments& arguments) {
  if (!arguments.format.empty()) return arguments.format;
  const std::string extension = std::filesystem::path(arguments.out).extension().string();
  if (extension == ".tex") return "latex";
  return extension == ".html" || extension == ".csv" || extension == ".json" ? extension.substr(1) : "md";
}

}  // namespace

void add_report(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("report", "tables, curves and pictures from the reports below folders");
  command->add_option("folders", arguments->folders, "folders with reports")->required();
  command->add_option("--format", arguments->format, "md, csv, latex, html or json")
      ->check(CLI::IsMember({"md", "csv", "latex", "html", "json"}));
  command->add_option("--out", arguments->out, "file; else standard output");
  command->add_option("--pictures", arguments->pictures, "folder for every figure (SVG) and sheet (PNG)");
  command->callback([arguments] {
    const std::vector<std::filesystem::path> folders(arguments->folders.begin(), arguments->folders.end());
    const Page page = build_page(folders);
    if (!arguments->pictures.empty()) write_pictures(page, arguments->pictures);
    const std::string text = render(page, format_of(*arguments));
    if (arguments->out.empty()) {
      fmt::print("{}", text);
    } else {
      write_file_atomically(arguments->out, text);
    }
  });
}

}  // namespace repbench
