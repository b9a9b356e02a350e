#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "files/json.h"

namespace repbench {

/// The largest gap between the distribution of `drawn` and a golden one {values, shares}, looked at on both
/// sides of its values. Values within 1e-6 count as equal: the file has nine digits.
inline double distribution_gap(std::vector<double> drawn, const Json& golden) {
  std::sort(drawn.begin(), drawn.end());
  double gap = drawn.empty() ? 1.0 : 0.0;
  for (size_t i = 0; i < golden["values"].size(); ++i) {
    const double limit = golden["values"][i].get<double>() + 1e-6;
    const auto below = std::upper_bound(drawn.begin(), drawn.end(), limit) - drawn.begin();
    const double share = static_cast<double>(below) / static_cast<double>(drawn.size());
    gap = std::max(gap, std::abs(share - golden["shares"][i].get<double>()));
  }
  return gap;
}

/// Kolmogorov and Smirnov's: two samples of one distribution differ by more once in ten thousand times.
inline double allowed_gap(double ours, double theirs) { return 2.23 * std::sqrt(1 / ours + 1 / theirs); }

/// Pearson's statistic of two histograms of one total each, over its degrees of freedom's 99.99 % point
/// (Wilson and Hilferty): above 1 they differ.
inline double histogram_gap(const std::vector<double>& ours, const std::vector<double>& theirs) {
  double total_ours = 0, total_theirs = 0, statistic = 0;
  for (const double count : ours) total_ours += count;
  for (const double count : theirs) total_theirs += count;
  const double to_theirs = std::sqrt(total_theirs / total_ours);
  for (size_t i = 0; i < ours.size(); ++i) {
    if (ours[i] + theirs[i] == 0) continue;
    const double difference = ours[i] * to_theirs - theirs[i] / to_theirs;
    statistic += difference * difference / (ours[i] + theirs[i]);
  }
  const double degrees = static_cast<double>(ours.size()) - 1, spread = 2 / (9 * degrees);
  return statistic / (degrees * std::pow(1 - spread + 3.719 * std::sqrt(spread), 3));
}

}  // namespace repbench
