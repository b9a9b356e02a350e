#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "files/atomic.h"
#include "reports/page.h"
#include "suite/commands/commands.h"

namespace repbench {
namespace {

struct Arguments {
  std::vector<std::string> folders;
  std::string format, out;
};

std::string render(const Page& page, const std::string& format) {
  if (format == "html") return to_html(page);
  if (format == "csv") return to_csv(page);
  return to_markdown(page);
}

/// The format asked for, else the one that the file's name says, else Markdown.
std::string format_of(const Arguments& arguments) {
  if (!arguments.format.empty()) return arguments.format;
  const std::string extension = std::filesystem::path(arguments.out).extension().string();
  return extension == ".html" || extension == ".csv" ? extension.substr(1) : "md";
}

}  // namespace

void add_report(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("report", "tables, curves and pictures from the reports below folders");
  command->add_option("folders", arguments->folders, "folders with reports")->required();
  command->add_option("--format", arguments->format, "md, csv or html")
      ->check(CLI::IsMember({"md", "csv", "html"}));
  command->add_option("--out", arguments->out, "file; else standard output");
  command->callback([arguments] {
    const std::vector<std::filesystem::path> folders(arguments->folders.begin(), arguments->folders.end());
    const std::string text = render(build_page(folders), format_of(*arguments));
    if (arguments->out.empty()) {
      fmt::print("{}", text);
    } else {
      write_file_atomically(arguments->out, text);
    }
  });
}

}  // namespace repbench
