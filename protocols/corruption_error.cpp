#include "protocols/corruption_error.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>
#include <string_view>

namespace repbench {
namespace {

constexpr std::string_view kPrefix = "accuracy_corrupted_";

[[noreturn]] void refuse(const std::string& baseline, const std::string& expected, const std::string& got) {
  throw std::invalid_argument(fmt::format("[robustness] {}: expected {}; got {}", baseline, expected, got));
}

}  // namespace

CorruptionErrors corruption_errors(const CorruptionAccuracies& own, const CorruptionAccuracies& baseline,
                                   const std::string& baseline_name) {
  CorruptionErrors errors;
  double relative = 0;
  const auto count = static_cast<double>(own.by_corruption.size());
  for (const auto& [corruption, accuracy] : own.by_corruption) {
    const auto found = baseline.by_corruption.find(corruption);
    if (found == baseline.by_corruption.end())
      refuse(baseline_name, "a baseline that met " + corruption, "none");
    if (found->second >= 1) refuse(baseline_name, "a baseline that errs on " + corruption, "accuracy 1");
    const double ratio = (1 - accuracy) / (1 - found->second);
    errors.by_corruption[corruption] = ratio;
    errors.mean += ratio;
    const double harm = baseline.clean - found->second;
    if (harm > 0) {
      relative += (own.clean - accuracy) / harm;
    } else {
      errors.unharmed = corruption;
    }
  }
  errors.mean /= count;
  if (errors.unharmed.empty()) errors.relative_mean = relative / count;
  return errors;
}

CorruptionBaseline read_corruption_baseline(const std::filesystem::path& report, const Task& task,
                                            const std::vector<int64_t>& severities) {
  const Record record = read_record(report);
  const std::string file = report.string();
  if (record.protocol != "robustness") refuse(file, "a report of robustness", record.protocol);
  const Json hashes = record.dataset.value("hashes", Json::object());
  if (hashes.value("test_data", "") != task.test->provenance().sha256 ||
      hashes.value("test_examples", "") != task.test_examples.hash)
    refuse(file, "a report on the same test examples", "others");
  const Json theirs = record.resolved.value("severities", Json::array());
  if (theirs != Json(severities))
    refuse(file, fmt::format("severities {}", fmt::join(severities, ", ")), brief_json(theirs));
  CorruptionBaseline baseline;
  for (const Metric& metric : record.metrics) {
    if (metric.name == "accuracy_clean") baseline.accuracies.clean = metric.value;
    if (metric.name.starts_with(kPrefix))
      baseline.accuracies.by_corruption[metric.name.substr(kPrefix.size())] = metric.value;
  }
  baseline.resolved = {{"label", record.checkpoint.value("label", "")},
                       {"sha256", record.checkpoint.value("sha256", "")},
                       {"accuracy_clean", baseline.accuracies.clean}};
  return baseline;
}

}  // namespace repbench
