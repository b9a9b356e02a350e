#include "reports/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>

#include "files/atomic.h"
#include "files/checked_json.h"
#include "files/hash.h"
#include "reports/metric_kinds.h"
#include "reports/outcomes.h"
#include "reports/record_json.h"

namespace fs = std::filesystem;

namespace repbench {
namespace {

/// Names the field in the reader's words before the JSON writer would name an index.
void expect_finite(double value, const std::string& field) {
  if (std::isfinite(value)) return;
  throw std::invalid_argument(fmt::format("[record] expected a finite number for {}; got {}", field, value));
}

void expect_finite(const Metric& metric) {
  const std::string field = "metric " + metric.name + " ";
  expect_finite(metric.value, field + "value");
  expect_finite(metric.standard_error.value_or(0), field + "standard_error");
  expect_finite(metric.chance.value_or(0), field + "chance");
  expect_finite(metric.ceiling.value_or(0), field + "ceiling");
  const Interval interval = metric.interval.value_or(Interval{});
  expect_finite(interval.low, field + "interval low");
  expect_finite(interval.high, field + "interval high");
  for (const double value : metric.repetitions.value_or(Repetitions{}).values)
    expect_finite(value, field + "repetitions");
}

void expect_finite(const Curve& curve) {
  const std::string field = "curve " + curve.name + " ";
  for (const double x : curve.x) expect_finite(x, field + "x");
  for (const double y : curve.y) expect_finite(y, field + "y");
  for (const Interval& interval : curve.intervals) {
    expect_finite(interval.low, field + "interval low");
    expect_finite(interval.high, field + "interval high");
  }
}

void collect_reports(const fs::path& folder, std::set<fs::path>& found) {
  for (auto entry = fs::recursive_directory_iterator(folder); entry != fs::recursive_directory_iterator();
       ++entry) {
    std::error_code error;
    if (entry->is_directory(error) && entry->path().extension() == ".tmp") entry.disable_recursion_pending();
    // What is there under this name and no file is kept: reading it says what is wrong.
    if (entry->path().filename() == kReportFile && !entry->is_directory(error)) found.insert(entry->path());
  }
}

}  // namespace

const Metric& Record::headline() const {
  for (const Metric& metric : metrics) {
    if (metric.headline) return metric;
  }
  throw std::logic_error(
      fmt::format("[record] expected a headline metric in a record of {}; got none", protocol));
}

const Metric* Record::find(std::string_view metric_name) const {
  const auto found = std::find_if(metrics.begin(), metrics.end(),
                                  [&](const Metric& metric) { return metric.name == metric_name; });
  return found == metrics.end() ? nullptr : &*found;
}

std::string fingerprint(const std::string& protocol, int protocol_version, const Json& identity_settings,
                        const Json& dataset_hashes) {
  return sha256(canonical_json({{"protocol", protocol},
                                {"version", protocol_version},
                                {"settings", identity_settings},
                                {"data", dataset_hashes}}));
}

std::string fingerprint(const Record& record) {
  Json settings = Json::object();
  for (const std::string& key : record.identity) settings[key] = record.requested.at(key);
  return fingerprint(record.protocol, record.protocol_version, settings, record.dataset.at("hashes"));
}

void write_record(const fs::path& folder, Record record) {
  record.schema_version = kReportSchemaVersion;
  for (Metric& metric : record.metrics) metric.version = find_metric_kind(metric.name).version;
  for (const Metric& metric : record.metrics) expect_finite(metric);
  for (const Curve& curve : record.curves) expect_finite(curve);
  const std::string outcomes = record.outcomes ? outcomes_bytes(*record.outcomes) : "";
  record.outcomes_sha256 = record.outcomes ? sha256(outcomes) : "";
  check_against_outcomes(record.metrics, record.outcomes, "[record] " + (folder / kReportFile).string());
  Json document = to_json(record);
  document[kSeal] = seal_of(document);
  const std::string report = pretty_json(document);
  record_from_json(document, "[record] " + (folder / kReportFile).string());  // what is written can be read

  if (record.outcomes) write_file_atomically(folder / kOutcomesFile, outcomes);
  write_file_atomically(folder / kReportFile, report);
  if (!record.outcomes) fs::remove(folder / kOutcomesFile);  // an older report's
}

Record read_record(const fs::path& report_json) {
  const std::string where = "[record] " + report_json.string();
  const Json document = parse_json(read_regular_file(report_json), report_json.string());
  Record record = record_from_json(document, where);
  if (record.dataset.contains("hashes") && record.fingerprint != fingerprint(record)) {
    throw std::invalid_argument(
        fmt::format("{}: expected the fingerprint of its settings and data, {}; got {}", where,
                    fingerprint(record), record.fingerprint));
  }
  if (record.schema_version == 1) return record;  // had no seal
  const std::string seal = CheckedJson(document, where).at(kSeal).text(), content = seal_of(document);
  if (seal == content) return record;
  throw std::invalid_argument(
      fmt::format("{}: expected the content that its sha256 was made over ({}); got {}: edited by hand?",
                  where, seal, content));
}

std::vector<fs::path> find_reports(const std::vector<fs::path>& folders) {
  std::set<fs::path> found;
  for (const fs::path& folder : folders) {
    std::error_code error;
    if (fs::is_regular_file(folder, error)) {
      found.insert(folder);
    } else if (fs::is_directory(folder, error)) {
      collect_reports(folder, found);
    } else {
      throw std::runtime_error(
          fmt::format("[report] expected a folder with reports; {} does not exist", folder.string()));
    }
  }
  return {found.begin(), found.end()};
}

}  // namespace repbench
