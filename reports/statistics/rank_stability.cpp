#include "reports/statistics/rank_stability.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "reports/statistics/rank_tests.h"

namespace repbench {
namespace {

using Scores = std::vector<std::vector<double>>;

void expect_table(const Scores& scores) {
  for (const std::vector<double>& row : scores) {
    if (row.size() != scores.front().size()) {
      throw std::invalid_argument(
          fmt::format("[rank_stability] expected as many scores of each model; got {} and {}",
                      scores.front().size(), row.size()));
    }
    for (const double score : row) {
      if (std::isfinite(score)) continue;
      throw std::invalid_argument(fmt::format("[rank_stability] expected finite scores; got {}", score));
    }
  }
}

std::vector<double> of_task(const Scores& scores, size_t task) {
  std::vector<double> column;
  for (const std::vector<double>& row : scores) column.push_back(row[task]);
  return column;
}

/// Each model's average over all tasks but `dropped`; over all if there is no such task.
std::vector<double> averages(const Scores& scores, size_t dropped) {
  std::vector<double> result;
  for (const std::vector<double>& row : scores) {
    double sum = 0, count = 0;
    for (size_t task = 0; task < row.size(); ++task)
      if (task != dropped) sum += row[task], ++count;
    result.push_back(sum / count);
  }
  return result;
}

size_t best(const std::vector<double>& values) {
  return static_cast<size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

void compare_tasks(const Scores& scores, RankStability& result) {
  const size_t tasks = scores.front().size();
  double sum = 0, pairs = 0;
  result.least_spearman = 2;
  for (size_t first = 0; first < tasks; ++first) {
    for (size_t second = first + 1; second < tasks; ++second) {
      const double correlation = spearman(of_task(scores, first), of_task(scores, second));
      sum += correlation;
      ++pairs;
      if (!(correlation < result.least_spearman)) continue;
      result.least_spearman = correlation;
      result.least_first = first;
      result.least_second = second;
    }
  }
  result.mean_spearman = sum / pairs;
}

}  // namespace

std::optional<RankStability> rank_stability(const Scores& scores) {
  expect_table(scores);
  if (scores.size() < 3 || scores.front().size() < 2) return std::nullopt;
  const size_t tasks = scores.front().size();
  RankStability result;
  compare_tasks(scores, result);
  const std::vector<double> over_all = averages(scores, tasks);
  result.leader = best(over_all);
  for (size_t task = 0; task < tasks; ++task) {
    const std::vector<double> others = averages(scores, task);
    RankStability::WithoutTask without;
    without.kendall_tau_b = kendall_tau_b(over_all, others);
    without.leader = best(others);
    without.leader_changes = others[without.leader] > others[result.leader];
    result.leader_changes = result.leader_changes || without.leader_changes;
    result.without.push_back(without);
  }
  return result;
}

}  // namespace repbench
