#include "reports/history/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>
#include <tuple>

#include "files/checked_json.h"
#include "reports/axes.h"
#include "reports/history/changes.h"
#include "reports/metric_kinds.h"
#include "reports/rows.h"
#include "reports/statistics/intervals.h"

namespace fs = std::filesystem;

namespace repbench {
namespace {

using Runs = std::vector<const HistoryRun*>;

constexpr size_t kShortHash = 7;

std::unique_ptr<const HistoryRun> read_run(const fs::path& file) {
  auto run = std::make_unique<HistoryRun>();
  run->file = file;
  run->record = read_record(file);
  const std::string where = "[history] " + file.string();
  const CheckedJson section(run->record.run, where, "run"),
      checkpoint(run->record.checkpoint, where, "checkpoint");
  const CheckedJson time = section.at("time");
  const auto instant = instant_in(time.text());
  if (!instant) time.fail("a time of ISO 8601, as 2026-03-01T12:00:00Z,");
  run->instant = *instant;
  run->commit = section.at("commit").text();
  run->dirty = section.at("dirty").flag();
  run->sha256 = checkpoint.at("sha256").text();
  run->seed = seed_of(run->record);
  return run;
}

/// By time, then by file.
std::vector<std::unique_ptr<const HistoryRun>> read_runs(const std::vector<fs::path>& folders,
                                                         const std::optional<Instant>& since) {
  std::vector<std::unique_ptr<const HistoryRun>> runs;
  const std::string below = folders.empty() ? "" : folders[0].string();
  for (const fs::path& file : find_reports(folders)) runs.push_back(read_run(file));
  if (runs.empty())
    throw std::runtime_error(fmt::format("[report] expected a report.json below {}; found none", below));
  std::erase_if(runs, [&](const auto& run) { return since && run->instant < *since; });
  if (runs.empty())
    throw std::runtime_error(fmt::format("[history] expected a report of {} or later below {}; found none",
                                         time_text(*since), below));
  std::stable_sort(runs.begin(), runs.end(),
                   [](const auto& a, const auto& b) { return a->instant < b->instant; });
  return runs;
}

bool is_chosen(const Metric& metric, const std::string& wanted) {
  return wanted == "all" || (wanted == "headline" ? metric.headline : metric.name == wanted);
}

bool is_time(const Metric& metric) { return metric.unit.ends_with("/s"); }

/// What a time depends on beside the program.
std::string hardware_of(const Record& record) {
  std::string text;
  for (const char* key : {"cpu", "device", "threads", "precision"}) {
    const auto found = record.environment.find(key);
    if (found == record.environment.end()) continue;
    const std::string value = found->is_string() ? found->get<std::string>() : found->dump();
    text += (text.empty() ? "" : ", ") + value + (key == std::string("threads") ? " threads" : "");
  }
  return text;
}

/// How a metric was measured: what has one has one figure.
struct Way {
  size_t column = 0;  // in columns_of
  std::string metric;
  int version = 1;
  std::string hardware;  // of times; else ""
  bool operator==(const Way&) const = default;
  bool operator<(const Way& other) const {
    return std::tie(column, metric, version, hardware) <
           std::tie(other.column, other.metric, other.version, other.hardware);
  }
};

/// Collects the runs of each history, in order of first appearance.
class Collector {
 public:
  Collector(const std::vector<std::unique_ptr<const HistoryRun>>& runs, const std::string& metric) {
    std::vector<const Record*> records;
    for (const auto& run : runs) records.push_back(&run->record);
    columns_ = columns_of(records);
    for (size_t i = 0; i < columns_.size(); ++i)
      column_at_[{columns_[i].dataset, columns_[i].protocol, columns_[i].fingerprint}] = i;
    for (const auto& run : runs) add(*run, metric);
  }

  /// Controls last within a figure.
  std::vector<std::pair<MetricHistory, Runs>> histories() const {
    std::vector<std::pair<MetricHistory, Runs>> histories;
    for (const Way& way : ways_) {
      for (const bool control : {false, true}) {
        for (const std::string& encoder : encoders_) {
          const auto found = runs_.find({way, encoder});
          if (found == runs_.end() || is_control(found->second[0]->record) != control) continue;
          histories.emplace_back(described(way, found->second[0]->record), found->second);
        }
      }
    }
    return histories;
  }

 private:
  void add(const HistoryRun& run, const std::string& metric) {
    const Record& record = run.record;
    const std::string dataset = record.dataset.value("name", ""), encoder = label_of(record);
    const size_t column = column_at_.at({dataset, record.protocol, record.fingerprint});
    const bool timed = std::any_of(record.metrics.begin(), record.metrics.end(), is_time);
    const std::string hardware = timed ? hardware_of(record) : "";
    if (!is_new({column, hardware, encoder, run.instant, run.sha256, run.seed}, run)) return;
    if (std::find(encoders_.begin(), encoders_.end(), encoder) == encoders_.end())
      encoders_.push_back(encoder);
    for (const Metric& one : record.metrics) {
      if (!is_chosen(one, metric)) continue;
      const Way way{column, one.name, one.version, is_time(one) ? hardware : ""};
      if (known_.insert(way).second) ways_.push_back(way);
      runs_[{way, encoder}].push_back(&run);
    }
  }

  using Cell = std::tuple<size_t, std::string, std::string, Instant, std::string, std::string>;

  /// False for a file that was already read by another path.
  bool is_new(const Cell& cell, const HistoryRun& run) {
    const auto [other, fresh] = cells_.emplace(cell, &run);
    if (fresh) return true;
    if (fs::equivalent(other->second->file, run.file)) return false;
    throw std::invalid_argument(
        fmt::format("[history] expected one report a cell, time, checkpoint and seed; got two of {} by {} on "
                    "{}: {} and {}",
                    label_of(run.record), run.record.protocol, run.record.dataset.value("name", ""),
                    other->second->file.string(), run.file.string()));
  }

  /// What tells this way from the other ways of its column.
  std::string heading_of(const Way& way) const {
    std::string heading = columns_[way.column].heading;
    const std::string headline = ", " + columns_[way.column].example->headline().name;
    if (const size_t at = heading.find(headline); at != std::string::npos) heading.erase(at, headline.size());
    heading += ", " + way.metric;
    const auto differs = [&](auto member) {
      return std::any_of(ways_.begin(), ways_.end(), [&](const Way& other) {
        return other.column == way.column && other.metric == way.metric && other.*member != way.*member;
      });
    };
    if (differs(&Way::version)) heading += fmt::format(", definition {}", way.version);
    if (differs(&Way::hardware)) heading += ", on " + way.hardware;
    return heading;
  }

  MetricHistory described(const Way& way, const Record& record) const {
    MetricHistory history;
    history.encoder = label_of(record);
    history.control = is_control(record);
    history.dataset = columns_[way.column].dataset;
    history.protocol = columns_[way.column].protocol;
    history.fingerprint = columns_[way.column].fingerprint;
    history.heading = heading_of(way);
    history.metric = way.metric;
    history.unit = record.find(way.metric)->unit;
    return history;
  }

  std::vector<Column> columns_;
  std::map<std::tuple<std::string, std::string, std::string>, size_t> column_at_;
  std::map<Cell, const HistoryRun*> cells_;
  std::vector<std::string> encoders_;
  std::vector<Way> ways_;
  std::set<Way> known_;
  std::map<std::pair<Way, std::string>, Runs> runs_;
};

/// Repetitions of pretraining that were judged together: one setting by one commit on one day, each seed
/// once.
bool belongs_to(const HistoryRun& run, const Runs& point) {
  const HistoryRun& first = *point[0];
  if (run.seed.empty() || run.commit != first.commit || run.dirty != first.dirty ||
      date_text(run.instant) != date_text(first.instant))
    return false;
  const bool seen = std::any_of(point.begin(), point.end(), [&](const HistoryRun* other) {
    return other->seed == run.seed || other->sha256 == run.sha256;
  });
  return !seen && setting_of(run.record) == setting_of(first.record);
}

HistoryPoint point_of(const Runs& runs, const std::string& name) {
  HistoryPoint point{runs, 0, {}, {}};
  std::vector<double> values;
  double variance = 0;
  bool all_errors = true;
  for (const HistoryRun* run : runs) {
    const Metric& metric = *run->record.find(name);
    values.push_back(metric.value);
    point.interval = metric.interval;
    all_errors = all_errors && metric.standard_error;
    variance += metric.standard_error.value_or(0) * metric.standard_error.value_or(0);
  }
  const MeanAndDeviation pooled = mean_and_deviation(values);
  point.value = pooled.mean;
  if (runs.size() > 1) point.interval = pooled.interval;
  if (all_errors) point.standard_error = std::sqrt(variance) / static_cast<double>(runs.size());
  return point;
}

std::vector<HistoryPoint> points_of(const Runs& runs, const std::string& metric) {
  std::vector<Runs> groups;
  for (const HistoryRun* run : runs) {
    if (groups.empty() || !belongs_to(*run, groups.back())) groups.emplace_back();
    groups.back().push_back(run);
  }
  std::vector<HistoryPoint> points;
  for (const Runs& group : groups) points.push_back(point_of(group, metric));
  return points;
}

}  // namespace

std::string HistoryPoint::commit_text() const {
  const std::string& commit = runs[0]->commit;
  return commit.empty() ? "—" : commit.substr(0, kShortHash) + (runs[0]->dirty ? "+" : "");
}

std::string HistoryPoint::checkpoint_text() const {
  const std::string& sha256 = runs[0]->sha256;
  const std::string more = runs.size() > 1 ? fmt::format(" and {} more", runs.size() - 1) : "";
  return (sha256.empty() ? "—" : sha256.substr(0, kShortHash)) + more;
}

History read_history(const std::vector<fs::path>& folders, const HistoryOptions& options) {
  const bool named = options.metric != "headline" && options.metric != "all";
  if (named) find_metric_kind(options.metric, "[history] --metric");
  History history;
  history.runs = read_runs(folders, options.since);
  for (auto& [metric, runs] : Collector(history.runs, options.metric).histories()) {
    metric.points = points_of(runs, metric.metric);
    find_changes(metric, options.alpha);
    history.metrics.push_back(std::move(metric));
  }
  if (history.metrics.empty())
    throw std::invalid_argument(
        fmt::format("[history] --metric: expected a metric of these reports; got {}", options.metric));
  return history;
}

}  // namespace repbench
