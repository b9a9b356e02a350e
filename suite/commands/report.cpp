#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>

#include "reports/pivot/pivot.h"
#include "suite/commands/commands.h"
#include "suite/commands/page_output.h"

namespace repbench {
namespace {

struct Arguments {
  std::vector<std::string> folders;
  std::string pictures;
  PivotOptions pivot;
  PageOutput output;
};

/// Returns whether a table of the user's own is asked for, once the line is parsed.
std::function<bool()> add_pivot_options(CLI::App& command, PivotOptions& pivot) {
  std::vector<CLI::Option*> options = {
      command
          .add_option("--rows", pivot.rows,
                      "one table, with these keys on its rows: encoder, dataset, protocol, metric, seed, "
                      "setting.KEY, dataset.KEY, or a dotted option of pretraining; with commas between them")
          ->delimiter(',')
          ->allow_extra_args(false)
          ->capture_default_str(),
      command.add_option("--columns", pivot.columns, "and these on its columns, with commas between them")
          ->delimiter(',')
          ->allow_extra_args(false)
          ->capture_default_str(),
      command.add_option("--where", pivot.where, "KEY=VALUE: of these reports alone; repeatable")
          ->allow_extra_args(false),
      command.add_option("--metric", pivot.metric, "headline, all, or a metric's name")
          ->capture_default_str(),
      command.add_flag("--average", pivot.average,
                       "a last column: the mean over complete rows, and what it hides"),
      command.add_option(
          "--reference", pivot.reference,
          "published numbers beside ours, e.g. mae:decoder_depth (see: repbench list references)")};
  return [options] {
    return std::any_of(options.begin(), options.end(),
                       [](const CLI::Option* option) { return option->count() > 0; });
  };
}

void write_pivot(const Arguments& arguments, const std::vector<std::filesystem::path>& folders) {
  const Table table = pivot_table(read_runs(folders), arguments.pivot);
  const std::string format = arguments.output.resolved_format();
  if (format == "html") {
    arguments.output.write(Page{table.title, "", {{"Table", "", {table}}}});
  } else if (format == "json") {
    arguments.output.write(pretty_json(to_json(table)));
  } else {
    arguments.output.write(format == "csv"     ? to_csv(table)
                           : format == "latex" ? to_latex(table)
                                               : to_markdown(table));
  }
}

void report(const Arguments& arguments, bool as_pivot) {
  const std::vector<std::filesystem::path> folders(arguments.folders.begin(), arguments.folders.end());
  if (as_pivot) {
    write_pivot(arguments, folders);
    return;
  }
  const Page page = build_page(folders);
  if (!arguments.pictures.empty()) write_pictures(page, arguments.pictures);
  arguments.output.write(page);
}

}  // namespace

void add_report(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("report", "tables, curves and pictures from the reports below folders");
  command->add_option("folders", arguments->folders, "folders with reports")->required();
  arguments->output.add_options(*command);
  command->add_option("--pictures", arguments->pictures, "folder for every figure (SVG) and sheet (PNG)");
  const auto wants_pivot = add_pivot_options(*command, arguments->pivot);
  command->callback([arguments, wants_pivot] { report(*arguments, wants_pivot()); });
}

}  // namespace repbench
