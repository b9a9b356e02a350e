#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

#include "datasets/dataset.h"
#include "files/nearest.h"
#include "pretrain/encoder.h"
#include "pretrain/objective.h"
#include "pretrain/weights/format.h"
#include "protocols/protocol.h"
#include "reports/metric_kinds.h"
#include "reports/references.h"
#include "suite/commands/commands.h"

namespace repbench {
namespace {

template <class Rows>
void print_rows(std::string_view title, const Rows& rows) {
  fmt::print("{}\n", title);
  for (const auto& row : rows) fmt::print("  {:16} {}\n", row.name, row.summary);
}

std::string_view direction_name(Direction direction) {
  switch (direction) {
    case Direction::higher_is_better:
      return "higher";
    case Direction::lower_is_better:
      return "lower";
    case Direction::neither:
      break;
  }
  return "neither";
}

std::string or_dash(std::string_view text) { return text.empty() ? "-" : std::string(text); }

void print_metrics() {
  fmt::print("metrics: unit, direction, chance, ceiling, version, definition\n");
  for (const MetricKind& kind : metric_kinds()) {
    fmt::print("  {:36} {:26} {:8} {:22} {:2} v{}  {}\n", kind.name, kind.unit.empty() ? "share" : kind.unit,
               direction_name(kind.direction), or_dash(kind.chance),
               kind.ceiling ? fmt::format("{}", *kind.ceiling) : "-", kind.version, kind.definition);
  }
}

std::string column_names(const ReferenceTable& table) {
  constexpr size_t kShown = 3;
  std::string text;
  for (size_t i = 0; i < std::min(kShown, table.columns.size()); ++i)
    text += (i == 0 ? "" : ", ") + table.columns[i].name;
  return table.columns.size() <= kShown ? text
                                        : fmt::format("{} and {} more", text, table.columns.size() - kShown);
}

/// Published tables by the name that `repbench report --reference` takes.
void print_references() {
  fmt::print("published numbers\n");
  for (const Reference& reference : read_references()) {
    for (const ReferenceTable& table : reference.tables) {
      fmt::print("  {:32} {}: {} by {}{}\n", table.name, table.where, column_names(table), table.axis,
                 table.verified ? "" : " (most recalled, not read)");
    }
  }
}

void list(const std::string& family) {
  const std::vector<std::string> families = {"datasets",  "encoders", "metrics",   "objectives",
                                             "protocols", "weights",  "references"};
  if (!family.empty() && std::find(families.begin(), families.end(), family) == families.end()) {
    fail_unknown_name("list", "a family of kinds", family, families);
  }
  const auto wanted = [&](std::string_view name) { return family.empty() || family == name; };
  if (wanted("datasets")) print_rows("datasets", dataset_kinds());
  if (wanted("encoders")) print_rows("encoders", encoder_kinds());
  if (wanted("metrics")) print_metrics();
  if (wanted("objectives")) print_rows("objectives", objective_kinds());
  if (wanted("protocols")) print_rows("protocols", protocol_kinds());
  if (wanted("weights")) print_rows("weights made elsewhere", weights_formats());
  if (family == "references") print_references();  // no kinds: shown when asked for
}

}  // namespace

void add_list(CLI::App& program) {
  auto family = std::make_shared<std::string>();
  CLI::App* command =
      program.add_subcommand("list", "the kinds of data sets, encoders, metrics, objectives and protocols");
  command->add_option("kind", *family,
                      "datasets, encoders, metrics, objectives, protocols, weights or references");
  command->callback([family] { list(*family); });
}

}  // namespace repbench
