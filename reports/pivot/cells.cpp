#include "reports/pivot/cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>

#include "reports/axes.h"
#include "reports/compare/comparability.h"
#include "reports/numbers.h"
#include "reports/rows.h"

namespace repbench {
namespace {

constexpr const char* kAbsent = "—";
using Values = std::vector<std::string>;

struct Difference {
  std::string key, a, b;
};

std::optional<Difference> differing_key(const Observation& a, const Observation& b, const std::string& key) {
  const std::string left = key_value(a, key), right = key_value(b, key);
  return left == right ? std::nullopt : std::optional(Difference{key, left, right});
}

/// In what two reports differ, by the names of keys, so that a user can put it on rows or columns; seeds
/// aside.
std::optional<Difference> difference_of_settings(const Observation& a, const Observation& b) {
  const Record &left = a.run->record, &right = b.run->record;
  std::vector<std::string> keys = {"encoder", "dataset", "protocol", "metric"};
  for (const FieldDifference& field : field_differences(left, right, {})) {
    constexpr std::string_view kRequested = "protocol.requested.", kHashes = "dataset.hashes.";
    if (field.field.starts_with(kRequested))
      keys.push_back("setting." + field.field.substr(kRequested.size()));
    if (field.field == "protocol.version") return Difference{field.field, field.a, field.b};
    if (field.field.starts_with(kHashes)) keys.insert(keys.end(), {"dataset.spec", field.field});
  }
  if (setting_of(left) != setting_of(right)) {
    for (const Record* record : {&left, &right}) {
      for (const auto& [key, value] : flat(record->checkpoint.value("config", Json::object()))) {
        if (key != "seed" && !key.ends_with(".seed")) keys.push_back("config." + key);
      }
    }
  }
  for (const std::string& key : keys) {
    if (auto difference = differing_key(a, b, key)) return difference;
  }
  if (left.fingerprint == right.fingerprint) return std::nullopt;
  return Difference{"fingerprint", left.fingerprint, right.fingerprint};
}

/// Of two reports of one setting and seed; a copy differs in nothing.
std::optional<Difference> difference_of_runs(const Observation& a, const Observation& b) {
  const Record &left = a.run->record, &right = b.run->record;
  const std::string sha256 = left.checkpoint.value("sha256", ""),
                    other = right.checkpoint.value("sha256", "");
  if (sha256 != other) return Difference{"checkpoint.sha256", sha256, other};
  if (a.metric->value == b.metric->value && left.outcomes_sha256 == right.outcomes_sha256)
    return std::nullopt;
  return Difference{"the measured value", format_short(a.metric->value), format_short(b.metric->value)};
}

[[noreturn]] void refuse(const Observation& a, const Observation& b, const Difference& difference) {
  throw std::invalid_argument(fmt::format(
      "[report] expected reports of one cell to differ in their seeds alone; got two reports for one "
      "cell, {} and {}, which differ in {}: {} and {} (put it on rows or columns, or choose by --where)",
      a.run->file.string(), b.run->file.string(), difference.key, difference.a, difference.b));
}

void add(PivotCell& cell, const Observation& observation) {
  if (!cell.empty()) {
    const auto difference = difference_of_settings(cell.runs[0], observation);
    if (difference) refuse(cell.runs[0], observation, *difference);
  }
  const std::string seed = seed_of(observation.run->record);
  for (const Observation& other : cell.runs) {
    if (seed_of(other.run->record) != seed) continue;
    const auto difference = difference_of_runs(other, observation);
    if (difference) refuse(other, observation, *difference);
    return;
  }
  cell.runs.push_back(observation);
}

/// A value's place on its axis: numbers by size, else by first appearance, absent ones last.
class Order {
 public:
  void see(const std::string& value) {
    places_.emplace(value, places_.size());
    numeric_ = numeric_ && (value == kAbsent || number_in(value));
  }
  bool before(const std::string& a, const std::string& b) const {
    if (a == kAbsent || b == kAbsent) return b == kAbsent && a != kAbsent;
    return numeric_ ? *number_in(a) < *number_in(b) : places_.at(a) < places_.at(b);
  }

 private:
  std::map<std::string, size_t> places_;
  bool numeric_ = true;
};

std::vector<Values> sorted_values(const std::vector<Observation>& observations,
                                  const std::vector<std::string>& keys) {
  std::vector<Order> orders(keys.size());
  std::set<Values> seen;
  std::map<Values, bool> control;
  std::vector<Values> all;
  for (const Observation& observation : observations) {
    Values values;
    for (size_t i = 0; i < keys.size(); ++i) {
      values.push_back(key_value(observation, keys[i]));
      orders[i].see(values.back());
    }
    control[values] = is_control(observation.run->record);
    if (seen.insert(values).second) all.push_back(values);
  }
  const bool by_encoder = std::find(keys.begin(), keys.end(), "encoder") != keys.end();
  std::stable_sort(all.begin(), all.end(), [&](const Values& a, const Values& b) {
    if (by_encoder && control.at(a) != control.at(b)) return control.at(b);
    for (size_t i = 0; i < keys.size(); ++i) {
      if (a[i] != b[i]) return orders[i].before(a[i], b[i]);
    }
    return false;
  });
  return all;
}

std::map<Values, size_t> places_of(const std::vector<Values>& all) {
  std::map<Values, size_t> places;
  for (size_t i = 0; i < all.size(); ++i) places[all[i]] = i;
  return places;
}

Values values_of(const Observation& observation, const std::vector<std::string>& keys) {
  Values values;
  for (const std::string& key : keys) values.push_back(key_value(observation, key));
  return values;
}

}  // namespace

double PivotCell::mean() const {
  double sum = 0;
  for (const Observation& run : runs) sum += run.metric->value;
  return sum / static_cast<double>(runs.size());
}

const Observation& Pivot::example(size_t column) const {
  for (const auto& row : cells) {
    if (!row[column].empty()) return row[column].runs[0];
  }
  throw std::logic_error("[report] expected a run in every column; got none");
}

Pivot make_pivot(const std::vector<Observation>& observations, std::vector<std::string> row_keys,
                 std::vector<std::string> column_keys) {
  Pivot pivot{std::move(row_keys), std::move(column_keys), {}, {}, {}};
  pivot.rows = sorted_values(observations, pivot.row_keys);
  pivot.columns = sorted_values(observations, pivot.column_keys);
  const auto rows = places_of(pivot.rows), columns = places_of(pivot.columns);
  pivot.cells.assign(pivot.rows.size(), std::vector<PivotCell>(pivot.columns.size()));
  for (const Observation& observation : observations) {
    add(pivot.cells[rows.at(values_of(observation, pivot.row_keys))]
                   [columns.at(values_of(observation, pivot.column_keys))],
        observation);
  }
  return pivot;
}

bool are_comparable(const Pivot& pivot, const PivotCell& a, const PivotCell& b) {
  if (a.metric().name != b.metric().name || a.metric().version != b.metric().version) return false;
  AllowedFields shown;
  for (const std::string& key : pivot.row_keys) {
    if (key.starts_with("setting.")) shown.names.push_back("protocol.requested." + key.substr(8));
  }
  const auto differences = field_differences(a.runs[0].run->record, b.runs[0].run->record, shown);
  return std::all_of(differences.begin(), differences.end(),
                     [](const FieldDifference& difference) { return difference.allowed; });
}

}  // namespace repbench
