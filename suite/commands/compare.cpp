#include <fmt/format.h>

#include <memory>

#include "files/atomic.h"
#include "reports/compare/comparison.h"
#include "suite/commands/commands.h"

namespace repbench {
namespace {

struct Arguments {
  std::string a, b, format, out, metrics = "headline", correction = "holm";
  std::vector<std::string> allowed;
};

bool compared(const CellComparison& cell) {
  return std::any_of(cell.metrics.begin(), cell.metrics.end(),
                     [](const MetricComparison& metric) { return metric.not_comparable.empty(); });
}

/// 3: there is a pair that may not be compared, or none at all.
int exit_code_of(const Comparison& comparison) {
  constexpr int kNoVerdict = 3;
  const bool all = std::all_of(comparison.cells.begin(), comparison.cells.end(), compared);
  return comparison.cells.empty() || !all ? kNoVerdict : 0;
}

void compare(const Arguments& arguments) {
  const Side a = read_side(arguments.a), b = read_side(arguments.b);
  CompareOptions options;
  options.allowed.names = arguments.allowed;
  options.correction = arguments.correction == "holm" ? Correction::holm : Correction::benjamini_hochberg;
  const Comparison comparison = compare_sides(a, b, options);
  check_allowed(comparison, options.allowed);
  Page page{fmt::format("{} against {}", arguments.b, arguments.a), "", {{"", "", {}}}};
  for (Table& table : to_tables(comparison, arguments.metrics)) page.sections[0].parts.emplace_back(std::move(table));
  const std::string text = arguments.format == "json" ? pretty_json(to_json(comparison)) : render(page, arguments.format);
  print_or_write(text, arguments.out);
  if (const int code = exit_code_of(comparison); code != 0) throw CLI::RuntimeError(code);
}

}  // namespace
