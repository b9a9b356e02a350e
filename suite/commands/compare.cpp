#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <stdexcept>

#include "reports/compare/comparison.h"
#include "reports/metric_kinds.h"
#include "suite/commands/commands.h"
#include "suite/commands/page_output.h"

namespace repbench {
namespace {

struct Arguments {
  std::string a, b, metrics = "headline", correction = "holm";
  std::vector<std::string> allowed;
  PageOutput output;
};

/// Nothing wanted in it counts as compared.
bool is_compared(const CellComparison& cell) {
  if (!cell.comparable()) return false;
  return cell.metrics.empty() ||
         std::any_of(cell.metrics.begin(), cell.metrics.end(),
                     [](const MetricComparison& metric) { return metric.not_comparable.empty(); });
}

/// 0 if everything that is on both sides was compared; 3 if there is nothing, or something may not be.
int exit_code_of(const Comparison& comparison) {
  constexpr int kNoVerdict = 3;
  const bool all = std::all_of(comparison.cells.begin(), comparison.cells.end(), is_compared);
  return comparison.cells.empty() || !all ? kNoVerdict : 0;
}

std::function<bool(const Metric&)> wanted_by(const std::string& metrics) {
  if (metrics == "all") return {};
  if (metrics == "headline") return [](const Metric& metric) { return metric.headline; };
  find_metric_kind(metrics, "[compare] --metric");
  return [metrics](const Metric& metric) { return metric.name == metrics; };
}

/// A metric of none of the reports would be compared nowhere, unnoticed.
void check_metric_is_there(const std::string& metrics, const Side& a, const Side& b) {
  if (metrics == "all" || metrics == "headline") return;
  for (const Side* side : {&a, &b}) {
    for (const ReportCell& cell : side->cells) {
      if (cell.runs[0].record.find(metrics) != nullptr) return;
    }
  }
  throw std::invalid_argument(
      fmt::format("[compare] --metric {}: expected it in one of these reports; got none", metrics));
}

Page page_of(const Comparison& comparison) {
  Page page{fmt::format("{} against {}", comparison.b, comparison.a), "", {}};
  for (Table& table : to_tables(comparison)) {
    page.sections.push_back({table.title, "", {}});
    table.title.clear();
    page.sections.back().parts.emplace_back(std::move(table));
  }
  return page;
}

void compare(const Arguments& arguments) {
  const CompareOptions options{
      {arguments.allowed},
      arguments.correction == "holm" ? Correction::holm : Correction::benjamini_hochberg,
      wanted_by(arguments.metrics)};
  const Side a = read_side(arguments.a), b = read_side(arguments.b);
  check_metric_is_there(arguments.metrics, a, b);
  const Comparison comparison = compare_sides(a, b, options);
  if (arguments.output.resolved_format() == "json") {
    arguments.output.write(pretty_json(to_json(comparison)));
  } else {
    arguments.output.write(page_of(comparison));
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
  command->add_option("--metric", arguments->metrics, "headline, all, or a metric's name")
      ->capture_default_str();
  command->add_option("--correction", arguments->correction, "of p over all headlines: holm or bh")
      ->check(CLI::IsMember({"holm", "bh"}))
      ->capture_default_str();
  arguments->output.add_options(*command);
  command->callback([arguments] { compare(*arguments); });
}

}  // namespace repbench
