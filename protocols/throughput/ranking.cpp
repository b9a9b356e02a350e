#include "protocols/throughput/ranking.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "reports/statistics/intervals.h"

namespace repbench {
namespace {

std::vector<Interval> joint_intervals(std::span<const std::vector<double>> rates) {
  std::vector<Interval> intervals;
  for (const std::vector<double>& values : rates) {
    const MeanAndDeviation mean = mean_and_deviation(values);
    const double t = student_t_quantile(1 - 0.025 / static_cast<double>(rates.size()), mean.n - 1);
    const double half = t * mean.standard_deviation / std::sqrt(static_cast<double>(mean.n));
    intervals.push_back({mean.mean - half, mean.mean + half});
  }
  return intervals;
}

}  // namespace

std::vector<Rank> rank_by_rates(std::span<const std::vector<double>> rates) {
  const std::vector<Interval> intervals = joint_intervals(rates);
  std::vector<Rank> ranks(rates.size());
  for (size_t i = 0; i < ranks.size(); ++i) {
    for (size_t j = 0; j < ranks.size(); ++j) {
      if (i == j) continue;
      if (intervals[j].high < intervals[i].low) {
        ranks[i].faster_than.push_back(j);
      } else if (intervals[i].high >= intervals[j].low) {
        ranks[i].tied_with.push_back(j);
      }
    }
  }
  // From the highest upper end downwards, a gap below all that came before opens a new place.
  std::vector<size_t> order(ranks.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return intervals[a].high > intervals[b].high; });
  double lowest = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    const bool gap = i > 0 && intervals[order[i]].high < lowest;
    ranks[order[i]].place = i == 0 ? 1 : gap ? static_cast<int64_t>(i) + 1 : ranks[order[i - 1]].place;
    lowest = i == 0 ? intervals[order[i]].low : std::min(lowest, intervals[order[i]].low);
  }
  return ranks;
}

}  // namespace repbench
