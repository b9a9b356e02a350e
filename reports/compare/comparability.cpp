#include "reports/compare/comparability.h"

#include <algorithm>
#include <map>
#include <set>

namespace repbench {
namespace {

constexpr size_t kShownValue = 60, kShownHash = 12;  // bytes
constexpr const char* kAbsent = "—";

bool is_sha256(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string shown(const Json& value) {
  std::string text = value.is_null()     ? kAbsent
                     : value.is_string() ? value.get<std::string>()
                                         : brief_json(value);
  const size_t most = is_sha256(text) ? kShownHash : kShownValue;
  if (text.size() > most) text = text.substr(0, most) + "…";
  return text.empty() ? "\"\"" : text;
}

Json member(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  return found == object.end() ? Json() : *found;
}

/// Fields by their dotted names.
using Fields = std::map<std::string, Json>;

void add_members(Fields& fields, const std::string& prefix, const Json& object) {
  for (const auto& item : object.items()) fields[prefix + item.key()] = item.value();
}

/// A setting that is identity for either report counts for both.
Fields fields_of(const Record& record, const std::set<std::string>& identity) {
  Fields fields = {{"schema_version", record.schema_version},
                   {"protocol.name", record.protocol},
                   {"protocol.version", record.protocol_version},
                   {"dataset.name", member(record.dataset, "name")}};
  for (const std::string& key : identity) {
    if (record.requested.contains(key)) fields["protocol.requested." + key] = record.requested.at(key);
  }
  const Json hashes = member(record.dataset, "hashes");
  if (hashes.is_object()) add_members(fields, "dataset.hashes.", hashes);
  const bool is_timed = std::any_of(record.metrics.begin(), record.metrics.end(), [](const Metric& metric) {
    return metric.headline && metric.unit.ends_with("/s");
  });
  if (!is_timed) return fields;
  fields["run.measurement"] = member(record.run, "measurement");
  for (const char* key : {"cpu", "device", "threads", "precision"}) {
    fields[std::string("environment.") + key] = member(record.environment, key);
  }
  return fields;
}

std::map<std::string, std::pair<Json, Json>> fields_of_both(const Record& a, const Record& b) {
  std::set<std::string> identity(a.identity.begin(), a.identity.end());
  identity.insert(b.identity.begin(), b.identity.end());
  std::map<std::string, std::pair<Json, Json>> both;
  for (auto& [name, value] : fields_of(a, identity)) both[name].first = value;
  for (auto& [name, value] : fields_of(b, identity)) both[name].second = value;
  const Json hashes = member(a.dataset, "hashes");  // equal ones are of one data set, whatever it is called
  if (hashes.is_object() && !hashes.empty() && hashes == member(b.dataset, "hashes"))
    both.erase("dataset.name");
  return both;
}

/// Times of two measurements are never equal, not even where neither says which it is.
bool differ(const std::string& field, const Json& a, const Json& b) {
  return a != b || (field == "run.measurement" && a.is_null());
}

}  // namespace

std::string last_part(const std::string& field) { return field.substr(field.rfind('.') + 1); }

bool AllowedFields::holds(const std::string& field) const {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return name == field || name == last_part(field); });
}

std::vector<std::string> compared_fields(const Record& a, const Record& b) {
  std::vector<std::string> names;
  for (const auto& [name, values] : fields_of_both(a, b)) names.push_back(name);
  return names;
}

std::vector<FieldDifference> field_differences(const Record& a, const Record& b,
                                               const AllowedFields& allowed) {
  std::vector<FieldDifference> differences;
  for (const auto& [name, values] : fields_of_both(a, b)) {
    if (differ(name, values.first, values.second))
      differences.push_back({name, shown(values.first), shown(values.second), allowed.holds(name)});
  }
  // Hashes last: what was asked for differently tells why they differ.
  std::stable_partition(differences.begin(), differences.end(), [](const FieldDifference& difference) {
    return !difference.field.starts_with("dataset.hashes.");
  });
  return differences;
}

std::vector<std::string> notable_differences(const Record& a, const Record& b) {
  std::vector<std::string> notes;
  const auto note = [&](const std::string& what, const Json& left, const Json& right) {
    if (left != right) notes.push_back(what + ": " + shown(left) + " and " + shown(right));
  };
  note("each encoder's own view", member(a.dataset, "view"), member(b.dataset, "view"));
  note("environment.device", member(a.environment, "device"), member(b.environment, "device"));
  note("environment.libtorch", member(a.environment, "libtorch"), member(b.environment, "libtorch"));
  note("run.commit", member(a.run, "commit"), member(b.run, "commit"));
  for (const Record* record : {&a, &b}) {
    if (member(record->run, "dirty") == Json(true)) {
      notes.push_back("measured by a program with uncommitted changes");
      break;
    }
  }
  return notes;
}

}  // namespace repbench
