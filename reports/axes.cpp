#include "reports/axes.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "reports/numbers.h"

namespace repbench {
namespace {

using FlatConfig = std::map<std::string, Json>;

void flatten(const Json& value, const std::string& key, FlatConfig& out) {
  if (!value.is_object()) {
    out[key] = value;
    return;
  }
  for (const auto& member : value.items()) {
    flatten(member.value(), key.empty() ? member.key() : key + "." + member.key(), out);
  }
}

std::string last_part(const std::string& dotted_key) { return dotted_key.substr(dotted_key.rfind('.') + 1); }

bool is_seed(const std::string& dotted_key) { return last_part(dotted_key) == "seed"; }

/// What a seed decides: itself, and which examples a limit draws.
bool is_of_a_seed(const std::string& dotted_key) {
  return is_seed(dotted_key) || dotted_key == "data.examples_sha256";
}

FlatConfig config_of(const Record& record) {
  const auto config = record.checkpoint.find("config");
  return config == record.checkpoint.end() || !config->is_object() ? FlatConfig{} : flat(*config);
}

/// One varying option with its value in each record.
struct Axis {
  std::string key;
  std::vector<Json> values;  // null where a record lacks the key
  bool numeric = true;
  size_t distinct = 0;
};

std::vector<Axis> differing(const std::vector<const Record*>& records) {
  std::vector<FlatConfig> configs;
  std::set<std::string> keys;
  for (const Record* record : records) {
    configs.push_back(config_of(*record));
    for (const auto& [key, value] : configs.back()) keys.insert(key);
  }
  std::vector<Axis> axes;
  for (const std::string& key : keys) {
    Axis axis{key, {}, true, 0};
    for (const FlatConfig& config : configs) {
      const auto found = config.find(key);
      axis.values.push_back(found == config.end() ? Json() : found->second);
      axis.numeric = axis.numeric && axis.values.back().is_number();
    }
    axis.distinct = std::set<Json>(axis.values.begin(), axis.values.end()).size();
    if (axis.distinct > 1 && !is_of_a_seed(key)) axes.push_back(axis);
  }
  std::stable_sort(axes.begin(), axes.end(), [](const Axis& a, const Axis& b) {
    return std::tuple(!a.numeric, -static_cast<int>(a.distinct)) <
           std::tuple(!b.numeric, -static_cast<int>(b.distinct));
  });
  return axes;
}

/// Does `axis` tell two records apart that `known` does not?
bool adds_to(const std::vector<std::vector<Json>>& known, const Axis& axis) {
  std::map<std::vector<Json>, Json> value_of;
  for (size_t i = 0; i < known.size(); ++i) {
    const auto [entry, fresh] = value_of.emplace(known[i], axis.values[i]);
    if (!fresh && entry->second != axis.values[i]) return true;
  }
  return false;
}

}  // namespace

std::map<std::string, Json> flat(const Json& nested) {
  FlatConfig out;
  for (const auto& member : nested.items()) flatten(member.value(), member.key(), out);
  return out;
}

std::string seed_of(const Record& record) {
  std::string seeds;
  for (const auto& [key, value] : config_of(record)) {
    if (is_seed(key)) seeds += (seeds.empty() ? "" : ", ") + value.dump();
  }
  return seeds;
}

std::string setting_of(const Record& record) {
  FlatConfig config = config_of(record);
  std::erase_if(config, [](const auto& entry) { return is_of_a_seed(entry.first); });
  return Json(config).dump();
}

std::vector<std::string> varying_options(const std::vector<const Record*>& records) {
  // A path may follow from the seed, too; with one seed a record the seed would explain everything, so it may
  // not.
  std::set<std::string> seeds;
  std::set<std::pair<std::string, std::string>> configs;
  for (const Record* record : records) {
    seeds.insert(seed_of(*record));
    configs.emplace(seed_of(*record), setting_of(*record));
  }
  const bool repeated_seeds = seeds.size() < configs.size();
  std::vector<std::vector<Json>> known;
  for (const Record* record : records) known.push_back({repeated_seeds ? Json(seed_of(*record)) : Json()});

  std::vector<std::string> kept;
  for (const Axis& axis : differing(records)) {
    if (!adds_to(known, axis)) continue;
    kept.push_back(axis.key);
    for (size_t i = 0; i < known.size(); ++i) known[i].push_back(axis.values[i]);
  }
  return kept;
}

std::string value_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number() ? format_short(value.get<double>()) : value.dump();
}

std::string option_text(const Record& record, const std::string& dotted_key) {
  const FlatConfig config = config_of(record);
  const auto found = config.find(dotted_key);
  if (found == config.end()) return "—";
  return value_text(found->second);
}

std::string short_name(const std::string& dotted_key, const std::vector<std::string>& axes) {
  const auto same_end = [&](const std::string& axis) { return last_part(axis) == last_part(dotted_key); };
  return std::count_if(axes.begin(), axes.end(), same_end) > 1 ? dotted_key : last_part(dotted_key);
}

}  // namespace repbench
