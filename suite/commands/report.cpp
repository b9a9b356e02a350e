#include <filesystem>
#include <memory>

#include "suite/commands/commands.h"
#include "suite/commands/page_output.h"

namespace repbench {
namespace {

struct Arguments {
  std::vector<std::string> folders;
  std::string pictures;
  PageOutput output;
};

}  // namespace

void add_report(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("report", "tables, curves and pictures from the reports below folders");
  command->add_option("folders", arguments->folders, "folders with reports")->required();
  arguments->output.add_options(*command);
  command->add_option("--pictures", arguments->pictures, "folder for every figure (SVG) and sheet (PNG)");
  command->callback([arguments] {
    const std::vector<std::filesystem::path> folders(arguments->folders.begin(), arguments->folders.end());
    const Page page = build_page(folders);
    if (!arguments->pictures.empty()) write_pictures(page, arguments->pictures);
    arguments->output.write(page);
  });
}

}  // namespace repbench
