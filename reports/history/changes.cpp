#include "reports/history/changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>
#include <utility>

#include "reports/metric_kinds.h"
#include "reports/statistics/change_points.h"
#include "reports/statistics/intervals.h"
#include "reports/statistics/normal.h"
#include "reports/statistics/rank_tests.h"

namespace repbench {
namespace {

struct Test {
  std::string method;
  SplitTest p;  // empty: there is none
};

/// Without overflow on the way.
double mean_of(std::span<const double> values) {
  double mean = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  return mean;
}

/// Means of equal numbers, over different counts of them, may differ by this much.
bool is_rounding(double a, double b) { return std::abs(b - a) <= 1e-12 * (std::abs(a) + std::abs(b)); }

double two_sided(double z) { return std::min(1.0, 2 * normal_tail(std::abs(z))); }

std::vector<double> values_of(const MetricHistory& history) {
  std::vector<double> values;
  for (const HistoryPoint& point : history.points) values.push_back(point.value);
  return values;
}

const Metric& metric_of(const MetricHistory& history, const HistoryRun& run) {
  return *run.record.find(history.metric);
}

bool is_time(const MetricHistory& history) { return history.unit.ends_with("/s"); }

template <class Condition>
bool holds_everywhere(const MetricHistory& history, Condition condition) {
  for (const HistoryPoint& point : history.points) {
    for (const HistoryRun* run : point.runs) {
      if (!condition(metric_of(history, *run))) return false;
    }
  }
  return true;
}

/// What a metric is the mean of: the column, or which of its rows count.
std::vector<double> counted_rows(const Metric& metric, const OutcomeTable& table) {
  const std::vector<uint8_t> shares = successes(metric, table);
  std::vector<double> rows = table.columns.at(metric.column);
  if (!shares.empty()) rows.assign(shares.begin(), shares.end());
  if (table.groups.empty()) return rows;
  // A group is one unit: its sum, so scaled that the mean over groups is that over rows.
  const auto groups = static_cast<size_t>(*std::max_element(table.groups.begin(), table.groups.end()) + 1);
  std::vector<double> sums(groups, 0);
  const double scale = static_cast<double>(groups) / static_cast<double>(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) sums[static_cast<size_t>(table.groups[i])] += scale * rows[i];
  return sums;
}

std::vector<float> floats(const Metric& metric, const OutcomeTable& table, const HistoryRun& run) {
  std::vector<float> column;
  for (const double value : counted_rows(metric, table)) {
    if (std::abs(value) > static_cast<double>(std::numeric_limits<float>::max())) {
      throw std::invalid_argument(
          fmt::format("[history] {}: expected outcomes within the range of floats; "
                      "got {} in {}",
                      run.file.string(), value, metric.column));
    }
    column.push_back(static_cast<float>(value));
  }
  return column;
}

/// Whose outcomes the columns are.
struct Units {
  std::string name;
  std::vector<std::string> ids;
};

/// Adds up the columns of a point's runs, and divides by their number. Empty if they are not of these units,
/// which the first run decides on.
std::vector<float> column_of(const MetricHistory& history, const HistoryPoint& point, Units& units) {
  std::vector<double> sums;
  for (const HistoryRun* run : point.runs) {
    const Metric& metric = metric_of(history, *run);
    const std::optional<Outcomes> outcomes = read_outcomes(run->file, run->record);
    const OutcomeTable* table = outcomes ? outcomes->table_of(metric.column) : nullptr;
    if (table == nullptr || table->ids.empty()) return {};
    if (units.ids.empty())
      units = {table->groups.empty() ? table->unit : table->unit + " in group", table->ids};
    if (table->ids != units.ids) return {};
    const std::vector<float> column = floats(metric, *table, *run);
    sums.resize(column.size(), 0);
    for (size_t i = 0; i < column.size(); ++i) sums[i] += static_cast<double>(column[i]);
  }
  std::vector<float> means;
  for (const double sum : sums)
    means.push_back(static_cast<float>(sum / static_cast<double>(point.runs.size())));
  return means;
}

Test paired_test(const MetricHistory& history) {
  const Aggregate aggregate = find_metric_kind(history.metric).aggregate;
  if (aggregate != Aggregate::mean && aggregate != Aggregate::share_at_most) return {};
  if (!holds_everywhere(history, [](const Metric& metric) { return !metric.column.empty(); })) return {};
  Units units;
  std::vector<std::vector<float>> columns;
  for (const HistoryPoint& point : history.points) {
    columns.push_back(column_of(history, point, units));
    if (columns.back().empty()) return {};
  }
  // Shared, as std::function copies what it holds.
  const auto kept = std::make_shared<const std::vector<std::vector<float>>>(std::move(columns));
  return {fmt::format("z of paired differences over {} {}s", units.ids.size(), units.name),
          [kept](size_t begin, size_t split, size_t end) { return paired_p(*kept, begin, split, end); }};
}

/// A session's own speed is no change: its blocks and the scatter of sessions must both speak for one.
Test timed_test(const MetricHistory& history) {
  const auto has_repetitions = [](const Metric& m) {
    return m.repetitions && !m.repetitions->values.empty();
  };
  if (!is_time(history) || !holds_everywhere(history, has_repetitions)) return {};
  std::vector<std::vector<double>> sessions;
  for (const HistoryPoint& point : history.points) {
    std::vector<double>& session = sessions.emplace_back();
    for (const HistoryRun* run : point.runs) {
      const std::vector<double>& values = metric_of(history, *run).repetitions->values;
      session.insert(session.end(), values.begin(), values.end());
    }
  }
  const auto pooled = [sessions = std::move(sessions)](size_t begin, size_t end) {
    std::vector<double> all;
    for (size_t i = begin; i < end; ++i) all.insert(all.end(), sessions[i].begin(), sessions[i].end());
    return all;
  };
  const auto p = [pooled, means = values_of(history)](size_t begin, size_t split, size_t end) {
    const std::span<const double> all(means);
    const auto scatter = scatter_p(all.subspan(begin, split - begin), all.subspan(split, end - split));
    return scatter ? std::max(*scatter, mann_whitney(pooled(begin, split), pooled(split, end)).p) : 1.0;
  };
  return {"Mann-Whitney over timed blocks and Student's t over sessions, whichever p is larger", p};
}

Test unpaired_test(const MetricHistory& history) {
  const auto has_error = [](const HistoryPoint& point) { return point.standard_error.has_value(); };
  if (!std::all_of(history.points.begin(), history.points.end(), has_error)) return {};
  std::vector<double> errors;
  for (const HistoryPoint& point : history.points) errors.push_back(*point.standard_error);
  const auto p = [errors, values = values_of(history)](size_t begin, size_t split, size_t end) {
    const std::span<const double> all(values);
    const double a = mean_of(all.subspan(begin, split - begin)), b = mean_of(all.subspan(split, end - split));
    double variance = 0;
    for (size_t i = begin; i < end; ++i) {
      const double share = errors[i] / static_cast<double>(i < split ? split - begin : end - split);
      variance += share * share;
    }
    if (is_rounding(a, b)) return 1.0;
    return variance > 0 ? two_sided((b - a) / std::sqrt(variance)) : 0.0;
  };
  return {"z of unpaired standard errors", p};
}

Test test_of(const MetricHistory& history) {
  if (Test test = timed_test(history); test.p) return test;
  if (Test test = paired_test(history); test.p) return test;
  if (Test test = unpaired_test(history); test.p) return test;
  return {"none, as there are neither outcomes of the same units, repetitions nor standard errors", {}};
}

/// Each unit's mean over the columns.
std::vector<double> unit_means(std::span<const std::vector<float>> columns) {
  std::vector<double> means(columns[0].size(), 0);
  for (const std::vector<float>& column : columns) {
    for (size_t i = 0; i < means.size(); ++i) means[i] += static_cast<double>(column[i]);
  }
  for (double& mean : means) mean /= static_cast<double>(columns.size());
  return means;
}

/// The test at the one place of each segment where it is due.
SplitTest at_best_splits(const MetricHistory& history, const SplitTest& p) {
  std::map<std::pair<size_t, size_t>, size_t> known;
  return [values = values_of(history), p, known](size_t begin, size_t split, size_t end) mutable {
    const auto [entry, fresh] = known.emplace(std::pair(begin, end), 0);
    if (fresh)
      entry->second = begin + best_split(std::span<const double>(values).subspan(begin, end - begin));
    return split == entry->second ? p(begin, split, end) : 1.0;
  };
}

/// Student's t over checkpoints: one that is judged again adds nothing to their scatter.
std::vector<double> checkpoint_means(const MetricHistory& history, size_t begin, size_t end) {
  std::map<std::vector<std::string>, std::vector<double>> values_of;
  for (size_t i = begin; i < end; ++i) {
    std::vector<std::string> checkpoints;
    for (const HistoryRun* run : history.points[i].runs) checkpoints.push_back(run->sha256);
    values_of[checkpoints].push_back(history.points[i].value);
  }
  std::vector<double> means;
  for (const auto& [checkpoints, values] : values_of) means.push_back(mean_of(values));
  return means;
}

/// Between the change before and the change after the k-th of these.
ChangePoint change_between(const MetricHistory& history, const std::vector<size_t>& at, size_t k,
                           const SplitTest& p) {
  const size_t begin = k == 0 ? 0 : at[k - 1];
  const size_t end = k + 1 == at.size() ? history.points.size() : at[k + 1];
  const double places = static_cast<double>(end - begin - 1);
  const std::vector<double> values = values_of(history);
  const std::span<const double> all(values);
  ChangePoint change;
  change.at = at[k];
  change.before = mean_of(all.subspan(begin, at[k] - begin));
  change.after = mean_of(all.subspan(at[k], end - at[k]));
  change.p = std::min(1.0, places * p(begin, at[k], end));
  if (is_time(history)) return change;
  const auto scatter =
      scatter_p(checkpoint_means(history, begin, at[k]), checkpoint_means(history, at[k], end));
  if (scatter) change.p_checkpoints = std::min(1.0, places * *scatter);
  return change;
}

}  // namespace

double paired_p(std::span<const std::vector<float>> columns, size_t begin, size_t split, size_t end) {
  const std::vector<double> before = unit_means(columns.subspan(begin, split - begin)),
                            after = unit_means(columns.subspan(split, end - split));
  const auto n = static_cast<double>(before.size());
  double sum = 0, squares = 0, differing = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    if (is_rounding(before[i], after[i])) continue;
    sum += after[i] - before[i];
    squares += (after[i] - before[i]) * (after[i] - before[i]);
    ++differing;
  }
  const double mean = sum / n;
  if (mean == 0 || n < 2) return 1;
  const double least = std::min(1.0, std::exp2(1 - differing));
  const double variance = std::max(0.0, (squares - n * mean * mean) / (n - 1));
  return variance > 0 ? std::max(least, two_sided(mean / std::sqrt(variance / n))) : least;
}

size_t best_split(std::span<const double> values) {
  size_t best = 1;
  double most = -1;
  for (size_t split = 1; split < values.size(); ++split) {
    const std::span<const double> left = values.first(split), right = values.subspan(split);
    const double step = mean_of(right) - mean_of(left);
    const double explained =
        step * step * static_cast<double>(left.size()) * static_cast<double>(right.size());
    if (explained > most) most = explained, best = split;
  }
  return best;
}

std::optional<double> scatter_p(std::span<const double> before, std::span<const double> after) {
  const size_t n = before.size() + after.size();
  if (before.empty() || after.empty() || n < 3) return std::nullopt;
  const double a = mean_of(before), b = mean_of(after);
  double squares = 0;
  for (const double value : before) squares += (value - a) * (value - a);
  for (const double value : after) squares += (value - b) * (value - b);
  if (is_rounding(a, b)) return 1;
  if (squares == 0) return 0;
  const auto freedom = static_cast<double>(n - 2);
  const double weight = 1 / static_cast<double>(before.size()) + 1 / static_cast<double>(after.size());
  const double t = std::abs(b - a) / std::sqrt(squares / freedom * weight);
  return std::isfinite(t) ? std::min(1.0, 2 * student_t_tail(t, freedom)) : 1;
}

void find_changes(MetricHistory& history, double alpha) {
  const size_t n = history.points.size();
  if (n < 2) return;
  const Test test = test_of(history);
  history.test = test.method;
  if (!test.p) return;
  // A change that its final neighbours do not bear out goes, the weakest first.
  for (std::vector<size_t> at = change_points(n, at_best_splits(history, test.p), alpha);;) {
    history.changes.clear();
    for (size_t k = 0; k < at.size(); ++k) history.changes.push_back(change_between(history, at, k, test.p));
    const auto weakest =
        std::max_element(history.changes.begin(), history.changes.end(),
                         [](const ChangePoint& a, const ChangePoint& b) { return a.p < b.p; });
    if (weakest == history.changes.end() || weakest->p < alpha) return;
    at.erase(at.begin() + (weakest - history.changes.begin()));
  }
}

}  // namespace repbench
