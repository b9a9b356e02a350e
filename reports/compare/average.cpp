#include <algorithm>
#include <map>
#include <utility>

#include "reports/compare/comparison.h"

namespace repbench {
namespace {

struct Task {
  std::string name;  // "fashion_mnist/knn"
  std::string protocol, fingerprint;
  double difference = 0;  // mean over encoders
};

std::vector<Task> share_tasks(const Comparison& comparison) {
  std::vector<Task> tasks;
  std::map<std::pair<std::string, std::string>, std::pair<size_t, double>> known;  // place, encoders
  for (const CellComparison& cell : comparison.cells) {
    for (const MetricComparison& metric : cell.metrics) {
      const bool counts = metric.headline && metric.unit.empty() && metric.not_comparable.empty() &&
                          metric.direction == Direction::higher_is_better;
      if (!counts) continue;
      const auto [entry, fresh] =
          known.emplace(std::pair(cell.protocol, cell.fingerprint), std::pair(tasks.size(), 0.0));
      if (fresh) tasks.push_back({cell.dataset + "/" + cell.way(), cell.protocol, cell.fingerprint, 0});
      auto& [place, encoders] = entry->second;
      ++encoders;
      tasks[place].difference += (metric.difference - tasks[place].difference) / encoders;
    }
  }
  return tasks;
}

/// Means of headlines over seeds, a row an encoder of either side, a column a task; only encoders that were
/// judged in every task.
std::vector<std::vector<double>> complete_scores(const std::vector<Task>& tasks, const Side& a,
                                                 const Side& b) {
  std::map<std::pair<std::string, std::string>, size_t> place;
  for (size_t t = 0; t < tasks.size(); ++t) place[{tasks[t].protocol, tasks[t].fingerprint}] = t;
  std::map<std::pair<const Side*, std::string>, std::map<size_t, double>> scores;
  for (const Side* side : {&a, &b}) {
    for (const ReportCell& cell : side->cells) {
      const auto task = place.find({cell.protocol, cell.fingerprint});
      if (task == place.end()) continue;
      double sum = 0;
      for (const Run& run : cell.runs) sum += run.record.headline().value;
      scores[{side, cell.encoder}][task->second] = sum / static_cast<double>(cell.runs.size());
    }
  }
  std::vector<std::vector<double>> complete;
  for (const auto& [encoder, by_task] : scores) {
    if (by_task.size() != tasks.size()) continue;
    complete.emplace_back();
    for (const auto& [task, score] : by_task) complete.back().push_back(score);
  }
  return complete;
}

}  // namespace

std::optional<AverageDifference> average_difference(const Comparison& comparison, const Side& a,
                                                    const Side& b) {
  const std::vector<Task> tasks = share_tasks(comparison);
  if (tasks.size() < 2) return std::nullopt;
  double sum = 0;
  for (const Task& task : tasks) sum += task.difference;
  const double n = static_cast<double>(tasks.size());
  AverageDifference average{static_cast<int64_t>(tasks.size()), sum / n, 0, 0, "", "", 0, {}, std::nullopt};
  for (const Task& task : tasks) {
    const double without = (sum - task.difference) / (n - 1);
    if (average.least_without.empty() || without < average.least) {
      average.least = without;
      average.least_without = task.name;
    }
    if (average.most_without.empty() || without > average.most) {
      average.most = without;
      average.most_without = task.name;
    }
  }
  const auto scores = complete_scores(tasks, a, b);
  average.encoders = scores.size();
  for (const Task& task : tasks) average.task_names.push_back(task.name);
  average.stability = rank_stability(scores);
  return average;
}

}  // namespace repbench
