#include "reports/compare/gate_slices.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "files/nearest.h"

namespace repbench {
namespace {

std::string name_of_class(const Outcomes& outcomes, int64_t label) {
  const auto place = static_cast<size_t>(label);
  return place < outcomes.class_names.size() ? outcomes.class_names[place] : fmt::format("label {}", label);
}

[[noreturn]] void refuse(const GatePolicy& policy, const ClassChoice& choice, const std::string& wanted,
                         const std::string& got) {
  throw std::invalid_argument(
      fmt::format("{}: expected {} at {}; got {}", where(policy), wanted, choice.key, got));
}

int64_t label_named(const GatePolicy& policy, const ClassChoice& choice, const ReportCell& cell,
                    const std::vector<std::string>& names) {
  const auto found = std::find(names.begin(), names.end(), choice.name);
  if (found == names.end()) {
    refuse(policy, choice, "a class of " + cell.dataset,
           fmt::format("'{}'{}", choice.name, did_you_mean(choice.name, names)));
  }
  if (std::find(found + 1, names.end(), choice.name) != names.end()) {
    refuse(policy, choice, "a label's number where several classes have one name",
           fmt::format("'{}'", choice.name));
  }
  return found - names.begin();
}

}  // namespace

std::vector<ClassOfUnits> chosen_classes(const GatePolicy& policy, const SlicePolicy& slice,
                                         const ReportCell& cell, const std::string& metric) {
  const Record& record = cell.runs[0].record;
  const Metric* found = record.find(metric);
  if (found == nullptr || found->column.empty() || !record.outcomes) return {};
  const OutcomeTable* table = record.outcomes->table_of(found->column);
  if (table == nullptr) return {};
  std::set<int64_t> present(table->labels.begin(), table->labels.end());
  std::erase_if(present, [](int64_t label) { return label < 0; });
  if (present.empty()) return {};
  std::vector<ClassOfUnits> classes;
  if (slice.each_class) {
    for (const int64_t label : present) classes.push_back({label, name_of_class(*record.outcomes, label)});
    return classes;
  }
  for (const ClassChoice& choice : slice.classes) {
    const int64_t label =
        choice.label ? *choice.label : label_named(policy, choice, cell, record.outcomes->class_names);
    if (!present.contains(label)) {
      refuse(policy, choice, fmt::format("a class with examples in {}", cell.dataset),
             choice.label ? fmt::format("label {}", label) : fmt::format("'{}'", choice.name));
    }
    const auto is_same = [label](const ClassOfUnits& known) { return known.label == label; };
    if (std::any_of(classes.begin(), classes.end(), is_same))
      refuse(policy, choice, "each class once",
             fmt::format("'{}' again", name_of_class(*record.outcomes, label)));
    classes.push_back({label, name_of_class(*record.outcomes, label)});
  }
  return classes;
}

}  // namespace repbench
