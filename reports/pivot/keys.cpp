#include "reports/pivot/keys.h"

#include <algorithm>
#include <array>
#include <set>

#include "files/nearest.h"
#include "reports/axes.h"
#include "reports/rows.h"

namespace repbench {
namespace {

constexpr const char* kAbsent = "—";
constexpr std::string_view kSetting = "setting.", kDataset = "dataset.", kConfig = "config.";
constexpr std::array<std::string_view, 5> kPlain = {"encoder", "dataset", "protocol", "metric", "seed"};

/// The value at "a.b" of nested objects; null if there is none.
const Json* find_dotted(const Json& object, std::string_view key) {
  const auto whole = object.find(std::string(key));
  if (whole != object.end()) return whole->is_object() ? nullptr : &*whole;
  const size_t dot = key.find('.');
  if (dot == std::string_view::npos) return nullptr;
  const auto inner = object.find(std::string(key.substr(0, dot)));
  return inner == object.end() || !inner->is_object() ? nullptr : find_dotted(*inner, key.substr(dot + 1));
}

std::string value_at(const Json& object, std::string_view key) {
  const Json* value = object.is_object() ? find_dotted(object, key) : nullptr;
  return value == nullptr ? kAbsent : value_text(*value);
}

std::string plain_value(const Observation& observation, std::string_view key) {
  const Record& record = observation.run->record;
  if (key == "encoder") return label_of(record);
  if (key == "dataset") return record.dataset.value("name", "");
  if (key == "protocol") return record.protocol;
  if (key == "metric") return observation.metric->name;
  const std::string seed = seed_of(record);
  return seed.empty() ? kAbsent : seed;
}

Json config_of(const Record& record) {
  const auto config = record.checkpoint.find("config");
  return config == record.checkpoint.end() || !config->is_object() ? Json::object() : *config;
}

std::vector<std::string> known_keys(const std::vector<Observation>& observations) {
  std::set<std::string> keys(kPlain.begin(), kPlain.end());
  for (const Observation& observation : observations) {
    const Record& record = observation.run->record;
    for (const auto& [key, value] : flat(record.requested)) keys.insert(std::string(kSetting) + key);
    for (const auto& [key, value] : flat(record.dataset)) keys.insert(std::string(kDataset) + key);
    for (const auto& [key, value] : flat(config_of(record))) keys.insert(key);
  }
  return {keys.begin(), keys.end()};
}

}  // namespace

bool names_itself(std::string_view key) {
  return key != "seed" && std::find(kPlain.begin(), kPlain.end(), key) != kPlain.end();
}

std::string key_value(const Observation& observation, std::string_view key) {
  const Record& record = observation.run->record;
  if (std::find(kPlain.begin(), kPlain.end(), key) != kPlain.end()) return plain_value(observation, key);
  if (key.starts_with(kSetting)) return value_at(record.requested, key.substr(kSetting.size()));
  if (key.starts_with(kDataset)) return value_at(record.dataset, key.substr(kDataset.size()));
  const auto config = record.checkpoint.find("config");
  if (config == record.checkpoint.end()) return kAbsent;
  return value_at(*config, key.starts_with(kConfig) ? key.substr(kConfig.size()) : key);
}

void check_key(const std::vector<Observation>& observations, const std::string& key) {
  if (std::find(kPlain.begin(), kPlain.end(), key) != kPlain.end()) return;
  if (std::any_of(observations.begin(), observations.end(),
                  [&](const Observation& observation) { return key_value(observation, key) != kAbsent; }))
    return;
  fail_unknown_name("report", "a key of these reports", key, known_keys(observations));
}

std::string key_name(const std::string& key, const std::vector<std::string>& keys) {
  return short_name(key, keys);
}

}  // namespace repbench
