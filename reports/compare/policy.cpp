#include "reports/compare/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "files/checked_json.h"
#include "files/nearest.h"
#include "files/utf8.h"

namespace repbench {
namespace {

constexpr auto kRules = std::to_array<std::string_view>({"detect", "noninferiority"});  // as GateRule

std::vector<std::string> rule_names() { return {kRules.begin(), kRules.end()}; }

std::optional<GateRule> find_rule(std::string_view name) {
  const auto found = std::find(kRules.begin(), kRules.end(), name);
  if (found == kRules.end()) return std::nullopt;
  return static_cast<GateRule>(found - kRules.begin());
}

double read_margin(const CheckedJson& value) {
  const double margin = value.number();
  if (margin < 0) value.fail("a margin of 0 or more");
  return margin;
}

/// Points written as such would switch the gate off.
double read_share_margin(const CheckedJson& value) {
  const double margin = read_margin(value);
  if (margin >= 0.5) value.fail("a margin below 0.5, as a share (half a point is 0.005)");
  return margin;
}

double read_alpha(const CheckedJson& value, GateRule rule) {
  const double alpha = value.number();
  if (!(alpha > 0 && alpha <= 0.5)) value.fail("an alpha above 0, at most 0.5");
  if (rule == GateRule::noninferiority)
    value.fail("no alpha under noninferiority, which goes by 95 % intervals");
  return alpha;
}

GateRule read_rule(const CheckedJson& value) {
  if (const auto rule = find_rule(value.text())) return *rule;
  value.fail("detect or noninferiority");
}

void read_metrics(const CheckedJson& value, GatePolicy& policy) {
  if (value.is_list()) {
    policy.metrics = value.texts();
    if (policy.metrics.empty()) value.fail("at least one metric");
    return;
  }
  const std::string choice = value.text();
  if (choice != "headline" && choice != "all") value.fail("\"headline\", \"all\" or a list of metrics");
  policy.all_metrics = choice == "all";
}

void read_classes(const CheckedJson& value, SlicePolicy& slice) {
  if (!value.is_list()) {
    if (value.text() != "each") value.fail("\"each\" or a list of class names and label numbers");
    slice.each_class = true;
    return;
  }
  const std::vector<CheckedJson> items = value.items();
  if (items.empty()) value.fail("at least one class");
  for (size_t i = 0; i < items.size(); ++i) {
    ClassChoice choice{"", std::nullopt, fmt::format("{}.classes[{}]", slice.key, i)};
    if (items[i].is_number()) {
      choice.label = items[i].integer();
    } else {
      choice.name = items[i].text();
    }
    slice.classes.push_back(std::move(choice));
  }
}

SlicePolicy read_slice(const CheckedJson& value, size_t place, GateRule rule) {
  value.expect_only({"name", "dataset", "protocol", "classes", "margin", "alpha"});
  SlicePolicy slice;
  slice.key = fmt::format("slices[{}]", place);
  slice.name = value.at("name").text();
  if (slice.name.empty()) value.at("name").fail("a name");
  if (const auto dataset = value.find("dataset")) slice.dataset = dataset->text();
  if (const auto protocol = value.find("protocol")) slice.protocol = protocol->text();
  if (const auto classes = value.find("classes")) read_classes(*classes, slice);
  if (const auto margin = value.find("margin")) slice.margin = read_margin(*margin);
  if (const auto alpha = value.find("alpha")) slice.alpha = read_alpha(*alpha, rule);
  return slice;
}

void read_slices(const CheckedJson& list, GatePolicy& policy) {
  std::set<std::string> names;
  for (const CheckedJson& item : list.items()) {
    policy.slices.push_back(read_slice(item, policy.slices.size(), policy.rule));
    if (!names.insert(policy.slices.back().name).second) item.at("name").fail("a name of its own");
  }
}

GatePolicy read_policy_file(const std::string& file) {
  const Json content = read_json(file);
  const CheckedJson json(content, "[gate] " + file);
  json.expect_only({"policy", "alpha", "margin", "margins", "metrics", "slices", "allow"});
  GatePolicy policy;
  policy.source = file;
  if (const auto rule = json.find("policy")) policy.rule = read_rule(*rule);
  if (const auto alpha = json.find("alpha")) policy.alpha = read_alpha(*alpha, policy.rule);
  if (const auto margin = json.find("margin")) policy.margin = read_share_margin(*margin);
  if (const auto margins = json.find("margins")) {
    for (const auto& item : margins->object().items())
      policy.margins[item.key()] = read_margin(margins->at(item.key()));
  }
  if (const auto metrics = json.find("metrics")) read_metrics(*metrics, policy);
  if (const auto slices = json.find("slices")) read_slices(*slices, policy);
  if (const auto allowed = json.find("allow")) policy.allowed = allowed->texts();
  return policy;
}

Json to_json(const SlicePolicy& slice) {
  Json json = {{"name", slice.name}, {"dataset", slice.dataset}, {"protocol", slice.protocol}};
  if (slice.each_class) json["classes"] = "each";
  for (const ClassChoice& choice : slice.classes)
    json["classes"].push_back(choice.label ? Json(*choice.label) : Json(choice.name));
  if (slice.margin) json["margin"] = *slice.margin;
  if (slice.alpha) json["alpha"] = *slice.alpha;
  return json;
}

}  // namespace

bool SlicePolicy::matches(std::string_view dataset_name, std::string_view protocol_name) const {
  return (dataset == "*" || dataset == dataset_name) && (protocol == "*" || protocol == protocol_name);
}

GatePolicy read_policy(const std::string& name_or_file) {
  GatePolicy policy;
  if (const auto rule = find_rule(name_or_file)) {
    policy.rule = *rule;
    return policy;
  }
  std::error_code ignored;
  if (std::filesystem::exists(name_or_file, ignored)) return read_policy_file(name_or_file);
  fail_unknown_name("gate", "a policy's name or an existing file", name_or_file, rule_names());
}

Margin margin_of(const GatePolicy& policy, const std::string& dataset, const std::string& protocol,
                 const std::string& metric, std::string_view unit) {
  const std::string cell = dataset + "/" + protocol;
  for (const std::string& key : {cell + "/" + metric, cell, metric}) {
    if (const auto found = policy.margins.find(key); found != policy.margins.end())
      return {found->second, "margins." + key};
  }
  return unit.empty() ? Margin{policy.margin, "margin"} : Margin{};
}

std::string where(const GatePolicy& policy) {
  return policy.source.empty() ? "[gate]" : "[gate] " + policy.source;
}

std::string_view name_of(GateRule rule) { return kRules[static_cast<size_t>(rule)]; }

Json to_json(const GatePolicy& policy) {
  Json json = {{"policy", name_of(policy.rule)}, {"margin", policy.margin},
               {"margins", policy.margins},      {"allow", policy.allowed},
               {"slices", Json::array()},        {"source", repaired_utf8(policy.source)}};
  if (policy.rule == GateRule::detect) json["alpha"] = policy.alpha;
  json["metrics"] = policy.all_metrics ? "all" : "headline";
  if (!policy.metrics.empty()) json["metrics"] = policy.metrics;
  for (const SlicePolicy& slice : policy.slices) json["slices"].push_back(to_json(slice));
  return json;
}

}  // namespace repbench
