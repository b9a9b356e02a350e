#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "reports/compare/comparison.h"
#include "suite/commands/commands.h"
#include "suite/commands/page_output.h"

namespace repbench {
namespace {

struct Arguments {
  std::string a, b, metrics = "headline", correction = "holm";
  std::vector<std::string> allowed;
  PageOutput output;
};

bool is_compared(const CellComparison& cell) {
  return std::any_of(cell.metrics.begin(), cell.metrics.end(),
                     [](const MetricComparison& metric) { return metric.not_comparable.empty(); });
}

/// 0 if everything that is on both sides was compared; 3 if there is nothing, or something may not be.
int exit_code_of(const Comparison& comparison) {
  constexpr int kNoVerdict = 3;
  const bool all = std::all_of(comparison.cells.begin(), comparison.cells.end(), is_compared);
  return comparison.cells.empty() || !all ? kNoVerdict : 0;
}

Page page_of(const Comparison& comparison, const std::string& metrics) {
  Page page{fmt::format("{} against {}", comparison.b, comparison.a), "", {}};
  for (Table& table : to_tables(comparison, metrics)) {
    page.sections.push_back({table.title, "", {}});
    table.title.clear();
    page.sections.back().parts.emplace_back(std::move(table));
  }
  return page;
}

void compare(const Arguments& arguments) {
  const CompareOptions options{
      {arguments.allowed},
      arguments.correction == "holm" ? Correction::holm : Correction::benjamini_hochberg};
  const Comparison comparison = compare_sides(read_side(arguments.a), read_side(arguments.b), options);
  if (arguments.output.resolved_format() == "json") {
    arguments.output.write(pretty_json(to_json(comparison)));
  } else {
    arguments.output.write(page_of(comparison, arguments.metrics));
  }
  if (const int code = exit_code_of(comparison); code != 0) throw CLI::RuntimeError(code);
}

}  // namespace

void add_compare(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand(
      "compare", "is B better than A, and may they be compared at all? exit 3 where they may not");
  command->add_option("A", arguments->a, "a report.json, or a folder of reports")->required();
  command->add_option("B", arguments->b, "the same of what is compared with it")->required();
  command
      ->add_option("--allow", arguments->allowed,
                   "a field that may differ, e.g. protocol.requested.k, or its last part; marks the numbers")
      ->allow_extra_args(false);
  command
      ->add_option("--metric", arguments->metrics,
                   "in tables: headline, all, or a metric's name; JSON holds all")
      ->capture_default_str();
  command->add_option("--correction", arguments->correction, "of p over all headlines: holm or bh")
      ->check(CLI::IsMember({"holm", "bh"}))
      ->capture_default_str();
  arguments->output.add_options(*command);
  command->callback([arguments] { compare(*arguments); });
}

}  // namespace repbench
