#include "protocols/strength_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <stdexcept>

namespace repbench {
namespace {

constexpr int64_t kCoarseSteps = 6;  // between the seven values that a search begins with

/// The grid from the strongest penalty on.
std::vector<double> grid_of(const StrengthSearch& search, std::string_view where) {
  if (!(search.low < search.high) || search.count < 2) {
    throw std::invalid_argument(fmt::format(
        "[{}] key 'grid.low': expected less than grid.high and at least 2 values; got {}, {} and {}", where,
        search.low, search.high, search.count));
  }
  std::vector<double> grid;
  const double low = std::log10(search.low), high = std::log10(search.high);
  for (int64_t i = 0; i < search.count; ++i) {
    grid.push_back(
        std::pow(10, std::lerp(low, high, static_cast<double>(i) / static_cast<double>(search.count - 1))));
  }
  if (search.larger_is_stronger) std::reverse(grid.begin(), grid.end());
  return grid;
}

/// Scores what is not scored yet, all at once.
void add_scores(const std::vector<double>& grid, const std::vector<int64_t>& places,
                const ScoreStrengths& scores, std::map<int64_t, double>& scored) {
  std::vector<int64_t> fresh;
  std::vector<double> strengths;
  for (const int64_t place : places) {
    if (place < 0 || place >= std::ssize(grid) || scored.contains(place)) continue;
    fresh.push_back(place);
    strengths.push_back(grid[static_cast<size_t>(place)]);
  }
  if (fresh.empty()) return;
  const std::vector<double> values = scores(strengths);
  for (size_t i = 0; i < fresh.size(); ++i) scored[fresh[i]] = values[i];
}

int64_t best_place(const std::map<int64_t, double>& scored) {
  return std::max_element(scored.begin(), scored.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

std::vector<ScoredStrength> coarse_to_fine(const std::vector<double>& grid, const ScoreStrengths& scores,
                                           std::string_view where) {
  const int64_t steps = std::ssize(grid) - 1;
  int64_t stride = steps / kCoarseSteps;
  if (steps % kCoarseSteps != 0 || !std::has_single_bit(static_cast<uint64_t>(stride))) {
    throw std::invalid_argument(fmt::format(
        "[{}] key 'grid.count': coarse_to_fine: expected 6 times a power of two, and 1 (7, 13, 25, "
        "49, 97 ...); got {}",
        where, steps + 1));
  }
  std::map<int64_t, double> scored;
  std::vector<int64_t> places;
  for (int64_t place = 0; place <= steps; place += stride) places.push_back(place);
  add_scores(grid, places, scores, scored);
  while (stride > 1) {
    stride /= 2;
    const int64_t best = best_place(scored);
    add_scores(grid, {best - stride, best + stride}, scores, scored);
  }
  std::vector<ScoredStrength> tried;
  for (const auto& [place, score] : scored) tried.push_back({grid[static_cast<size_t>(place)], score});
  return tried;
}

}  // namespace

void StrengthSearch::describe(Options& options) {
  options.add(
      "search", &mode,
      {.help = "list: the key's values; log_grid: all of low ... high; coarse_to_fine: of that grid 7 "
               "values, then halving around the best (CLIP's)",
       .choices = {"list", "log_grid", "coarse_to_fine"}});
  options.add("low", &low, {.help = "smallest value of the grid", .minimum = 1e-12, .maximum = 1e12});
  options.add("high", &high, {.help = "largest value of the grid", .minimum = 1e-12, .maximum = 1e12});
  options.add("count", &count, {.help = "values of the grid", .minimum = 2, .maximum = 1e4});
}

std::vector<ScoredStrength> search_strengths(const StrengthSearch& search, const ScoreStrengths& scores,
                                             std::string_view where, std::string_view key) {
  if (search.mode == "coarse_to_fine") return coarse_to_fine(grid_of(search, where), scores, where);
  const std::vector<double> strengths = search.mode == "list" ? search.values : grid_of(search, where);
  if (strengths.empty())
    throw std::invalid_argument(
        fmt::format("[{}] key '{}': expected at least one value; got none", where, key));
  const std::vector<double> values = scores(strengths);
  std::vector<ScoredStrength> tried;
  for (size_t i = 0; i < strengths.size(); ++i) tried.push_back({strengths[i], values[i]});
  return tried;
}

const ScoredStrength& best_of(const std::vector<ScoredStrength>& tried) {
  return *std::max_element(tried.begin(), tried.end(), [](const ScoredStrength& a, const ScoredStrength& b) {
    return a.score < b.score;
  });
}

}  // namespace repbench
