#include "protocols/shifted_sets.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "files/nearest.h"

namespace repbench {
namespace {

[[noreturn]] void refuse(const std::string& expected, const std::string& got) {
  throw std::invalid_argument(fmt::format("[robustness] key 'shifted': expected {}; got {}", expected, got));
}

std::vector<int64_t> classes_in(const Dataset& standard, const Dataset& shifted) {
  const std::vector<std::string>& known = standard.class_names();
  std::map<std::string, int64_t> places;
  for (size_t k = 0; k < known.size(); ++k) {
    if (!places.emplace(known[k], static_cast<int64_t>(k)).second)
      refuse("a data set whose classes have different names", fmt::format("'{}' twice", known[k]));
  }
  std::vector<int64_t> classes;
  std::set<std::string> seen;
  for (const std::string& name : shifted.class_names()) {
    const auto found = places.find(name);
    if (found == places.end() || !seen.insert(name).second) {
      refuse(fmt::format("classes of {}, each once", standard.name()),
             fmt::format("'{}' in {}{}", name, shifted.name(), did_you_mean(name, known)));
    }
    classes.push_back(found->second);
  }
  return classes;
}

void check_labels(const Dataset& dataset) {
  for (int64_t i = 0; i < dataset.size(); ++i) {
    if (dataset.label(i) < 0) refuse("one class an example", "another number at " + dataset.id(i));
  }
  if (dataset.size() == 0) refuse("examples in " + dataset.name(), "none");
}

}  // namespace

std::vector<ShiftedSet> open_shifted_sets(const std::vector<std::string>& specifications,
                                          const std::string& split, const Dataset& standard) {
  std::vector<ShiftedSet> sets;
  // A comma may belong to a specification: split_dataset_list knows.
  if (specifications.empty()) return sets;
  for (const std::string& text : split_dataset_list(fmt::format("{}", fmt::join(specifications, ",")))) {
    const DatasetSpec spec = DatasetSpec::parse(text);
    ShiftedSet set{spec.slug(), open_dataset(spec, split), {}};
    const bool known =
        std::any_of(sets.begin(), sets.end(), [&](const auto& other) { return other.name == set.name; });
    if (known) refuse("each data set once", set.name + " twice");
    check_labels(*set.dataset);
    set.classes = classes_in(standard, *set.dataset);
    sets.push_back(std::move(set));
  }
  return sets;
}

}  // namespace repbench
