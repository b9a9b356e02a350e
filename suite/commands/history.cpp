#include "reports/history/history.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <stdexcept>

#include "suite/commands/commands.h"
#include "suite/commands/page_output.h"

namespace repbench {
namespace {

struct Arguments {
  std::vector<std::string> folders;
  std::string metric = "headline", since, pictures;
  PageOutput output;
};

HistoryOptions options_of(const Arguments& arguments) {
  HistoryOptions options;
  options.metric = arguments.metric;
  if (arguments.since.empty()) return options;
  options.since = instant_in(arguments.since);
  if (!options.since)
    throw std::invalid_argument(fmt::format(
        "[history] --since: expected a date or time of ISO 8601, as 2026-03-01; got {}", arguments.since));
  return options;
}

std::string title_of(const std::vector<std::string>& folders) {
  std::string title = "History of ";
  for (const std::string& folder : folders) title += (&folder == &folders[0] ? "" : ", ") + folder;
  return title;
}

void show_history(const Arguments& arguments) {
  const std::vector<std::filesystem::path> folders(arguments.folders.begin(), arguments.folders.end());
  const History history = read_history(folders, options_of(arguments));
  const Page page = to_page(history, title_of(arguments.folders));
  if (!arguments.pictures.empty()) write_pictures(page, arguments.pictures);
  if (arguments.output.resolved_format() == "json") {
    arguments.output.write(pretty_json(to_json(history)));
  } else {
    arguments.output.write(page);
  }
}

}  // namespace

void add_history(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand(
      "history", "how each metric went over time, from the reports below folders, and where it changed");
  command->add_option("folders", arguments->folders, "folders with reports")->required();
  command->add_option("--metric", arguments->metric, "headline, all, or a metric's name")
      ->capture_default_str();
  command->add_option("--since", arguments->since, "leave out reports before this date or time (UTC)");
  arguments->output.add_options(*command);
  command->add_option("--pictures", arguments->pictures, "folder for every figure (SVG)");
  command->callback([arguments] { show_history(*arguments); });
}

}  // namespace repbench
