#include "reports/record_json.h"

#include <fmt/format.h>

#include <array>
#include <set>
#include <stdexcept>

#include "files/checked_json.h"
#include "files/hash.h"
#include "reports/metric_kinds.h"
#include "reports/migrations.h"

namespace repbench {
namespace {

struct DirectionName {
  Direction direction;
  const char* name;
};
constexpr std::array<DirectionName, 3> kDirections = {{{Direction::higher_is_better, "higher_is_better"},
                                                       {Direction::lower_is_better, "lower_is_better"},
                                                       {Direction::neither, "neither"}}};

Json to_json(const Interval& interval) { return Json::array({interval.low, interval.high}); }

Json to_json(const Metric& metric) {
  Json json = {{"name", metric.name},
               {"version", metric.version},
               {"value", metric.value},
               {"unit", metric.unit},
               {"headline", metric.headline}};
  for (const auto& [direction, name] : kDirections) {
    if (direction == metric.direction) json["direction"] = name;
  }
  if (metric.n) json["n"] = *metric.n;
  if (metric.standard_error) json["standard_error"] = *metric.standard_error;
  if (metric.interval) json["interval"] = to_json(*metric.interval);
  if (metric.chance) json["chance"] = *metric.chance;
  if (metric.ceiling) json["ceiling"] = *metric.ceiling;
  if (!metric.column.empty()) json["column"] = metric.column;
  if (metric.repetitions) {
    json["repetitions"] = {{"unit", metric.repetitions->unit}, {"values", metric.repetitions->values}};
  }
  return json;
}

Json to_json(const Curve& curve) {
  Json json = {{"name", curve.name},
               {"x_label", curve.x_label},
               {"y_label", curve.y_label},
               {"x", curve.x},
               {"y", curve.y}};
  if (!curve.x_ticks.empty()) json["x_ticks"] = curve.x_ticks;
  if (curve.intervals.empty()) return json;
  json["intervals"] = Json::array();
  for (const Interval& interval : curve.intervals) json["intervals"].push_back(to_json(interval));
  return json;
}

Interval interval_from(const CheckedJson& json) {
  const std::vector<double> ends = json.numbers();
  if (ends.size() != 2 || ends[0] > ends[1]) json.fail("[low, high]");
  return {ends[0], ends[1]};
}

Direction direction_from(const CheckedJson& json) {
  const std::string text = json.text();
  for (const auto& [direction, name] : kDirections) {
    if (text == name) return direction;
  }
  json.fail("higher_is_better, lower_is_better or neither");
}

std::optional<double> optional_number(const CheckedJson& json, std::string_view key) {
  const auto member = json.find(key);
  return member ? std::optional(member->number()) : std::nullopt;
}

Metric metric_from(const CheckedJson& json) {
  json.expect_only({"name", "version", "value", "unit", "direction", "headline", "n", "standard_error",
                    "interval", "chance", "ceiling", "column", "repetitions"});
  Metric metric;
  metric.name = json.at("name").text();
  metric.version = static_cast<int>(json.at("version").integer());
  metric.value = json.at("value").number();
  metric.unit = json.at("unit").text();
  metric.direction = direction_from(json.at("direction"));
  metric.headline = json.at("headline").flag();
  if (const auto n = json.find("n")) metric.n = n->integer();
  metric.standard_error = optional_number(json, "standard_error");
  if (const auto interval = json.find("interval")) metric.interval = interval_from(*interval);
  metric.chance = optional_number(json, "chance");
  metric.ceiling = optional_number(json, "ceiling");
  if (const auto column = json.find("column")) metric.column = column->text();
  if (const auto repetitions = json.find("repetitions")) {
    repetitions->expect_only({"unit", "values"});
    metric.repetitions = {repetitions->at("unit").text(), repetitions->at("values").numbers()};
    if (metric.repetitions->values.empty()) repetitions->at("values").fail("at least one value");
  }
  if (metric.unit.empty() && !(metric.value >= 0 && metric.value <= 1)) {
    json.at("value").fail(fmt::format("a share in [0, 1], as {} has no unit,", metric.name));
  }
  return metric;
}

std::vector<Metric> metrics_from(const CheckedJson& json, const std::string& where) {
  std::vector<Metric> metrics;
  std::set<std::string> names;
  int headlines = 0;
  for (const CheckedJson& item : json.items()) {
    metrics.push_back(metric_from(item));
    check_metric(metrics.back(), where);
    headlines += metrics.back().headline ? 1 : 0;
    if (!names.insert(metrics.back().name).second) item.at("name").fail("a name that occurs once");
  }
  if (headlines != 1) json.fail(fmt::format("exactly one headline metric, not {},", headlines));
  return metrics;
}

Curve curve_from(const CheckedJson& json) {
  json.expect_only({"name", "x_label", "y_label", "x", "y", "intervals", "x_ticks"});
  Curve curve;
  curve.name = json.at("name").text();
  curve.x_label = json.at("x_label").text();
  curve.y_label = json.at("y_label").text();
  curve.x = json.at("x").numbers();
  curve.y = json.at("y").numbers();
  if (curve.y.size() != curve.x.size()) json.at("y").fail("one y for each x");
  if (const auto intervals = json.find("intervals")) {
    for (const CheckedJson& item : intervals->items()) curve.intervals.push_back(interval_from(item));
    if (curve.intervals.size() != curve.x.size()) intervals->fail("one interval for each x");
  }
  if (const auto ticks = json.find("x_ticks")) {
    curve.x_ticks = ticks->texts();
    if (curve.x_ticks.size() != curve.x.size()) ticks->fail("one tick for each x");
  }
  return curve;
}

void read_protocol(const CheckedJson& json, Record& record) {
  json.expect_only({"name", "version", "requested", "resolved", "identity", "fingerprint"});
  record.protocol = json.at("name").text();
  record.protocol_version = static_cast<int>(json.at("version").integer());
  record.requested = json.at("requested").object();
  record.resolved = json.at("resolved").object();
  record.identity = json.at("identity").texts();
  for (const std::string& key : record.identity) {
    if (!record.requested.contains(key)) json.at("identity").fail("keys of protocol.requested");
  }
  record.fingerprint = json.at("fingerprint").text();
}

int schema_version_of(const CheckedJson& document) {
  const CheckedJson version = document.at("schema_version");
  const int64_t number = version.integer();
  if (number > kReportSchemaVersion) {
    version.fail(
        fmt::format("schema {} or older (this report is newer than this program)", kReportSchemaVersion));
  }
  if (number < 1) version.fail("a schema version of at least 1");
  return static_cast<int>(number);
}

}  // namespace

Json to_json(const Record& record) {
  Json json = {{"schema_version", kReportSchemaVersion},
               {"run", record.run},
               {"environment", record.environment},
               {"checkpoint", record.checkpoint},
               {"dataset", record.dataset},
               {"cost", record.cost},
               {"warnings", record.warnings}};
  json["protocol"] = {{"name", record.protocol},       {"version", record.protocol_version},
                      {"requested", record.requested}, {"resolved", record.resolved},
                      {"identity", record.identity},   {"fingerprint", record.fingerprint}};
  json["metrics"] = Json::array();
  for (const Metric& metric : record.metrics) json["metrics"].push_back(to_json(metric));
  json["curves"] = Json::array();
  for (const Curve& curve : record.curves) json["curves"].push_back(to_json(curve));
  if (record.outcomes) {
    json["outcomes"] = {{"file", kOutcomesFile}, {"sha256", record.outcomes_sha256}};
  }
  return json;
}

std::string seal_of(Json document) {
  document.erase(kSeal);
  return sha256(canonical_json(document));
}

Record record_from_json(const Json& document, const std::string& where) {
  const int version = schema_version_of(CheckedJson(document, where));
  const Json current = migrated_report(document, version, where);
  const CheckedJson json(current, where);
  json.expect_only({"schema_version", "run", "environment", "checkpoint", "dataset", "protocol", "metrics",
                    "curves", "outcomes", "cost", "warnings", kSeal});
  Record record;
  record.schema_version = version;
  record.run = json.at("run").object();
  record.environment = json.at("environment").object();
  record.checkpoint = json.at("checkpoint").object();
  json.at("checkpoint").at("label").text();
  record.dataset = json.at("dataset").object();
  json.at("dataset").at("name").text();
  read_protocol(json.at("protocol"), record);
  record.metrics = metrics_from(json.at("metrics"), where);
  for (const CheckedJson& item : json.at("curves").items()) record.curves.push_back(curve_from(item));
  if (const auto outcomes = json.find("outcomes")) {
    outcomes->expect_only({"file", "sha256"});
    if (outcomes->at("file").text() != kOutcomesFile) outcomes->at("file").fail(kOutcomesFile);
    record.outcomes_sha256 = outcomes->at("sha256").text();
  }
  record.cost = json.at("cost").object();
  record.warnings = json.at("warnings").texts();
  return record;
}

}  // namespace repbench
