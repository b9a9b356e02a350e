#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "configs/options.h"

namespace repbench {

/// How a probe looks for its regularisation strength.
struct StrengthSearch {
  /// list: `values` as they stand. log_grid: `count` values from `low` to `high`, evenly spaced in the
  /// logarithm. coarse_to_fine: of that grid seven values, then the two halfway to the neighbours of the
  /// best, and so on down to the grid's own steps (Radford et al. 2021, appendix A.3: 97 values, 8 a decade).
  std::string mode = "list";
  std::vector<double> values;
  double low = 1e-6, high = 1e6;
  int64_t count = 97;
  bool larger_is_stronger = false;  // a strength's name is lambda, not C

  /// Binds `grid.search`, `grid.low` ... without the values, which have a key of their own.
  void describe(Options& options);
};

struct ScoredStrength {
  double strength;
  double score;
};

/// Scores of some strengths, one each.
using ScoreStrengths = std::function<std::vector<double>(const std::vector<double>&)>;

/// All that were tried, each once, those of a grid from the strongest penalty on. Throws
/// std::invalid_argument "[WHERE] key 'KEY': ..." for a list without values, and for a grid that halving does
/// not reach (count - 1 must be six times a power of two).
std::vector<ScoredStrength> search_strengths(const StrengthSearch& search, const ScoreStrengths& scores,
                                             std::string_view where, std::string_view key);

/// The highest score; equal scores: the first.
const ScoredStrength& best_of(const std::vector<ScoredStrength>& tried);

}  // namespace repbench
