#pragma once

#include <span>
#include <vector>

#include "reports/record.h"

namespace repbench {

// All throw std::invalid_argument for values that are not finite, too few of them, and unequal lengths where
// values go in pairs.

/// Ranks from 1 for the least value; equal values share the mean of their ranks.
std::vector<double> average_ranks(std::span<const double> values);

/// Spearman's rank correlation; 0 (no order to agree with) where all values of a side are equal. At least two
/// pairs.
double spearman(std::span<const double> x, std::span<const double> y);

/// Kendall's tau-b, which allows for ties; 0 where all values of a side are equal. At least two pairs; time
/// grows with the square of their number.
double kendall_tau_b(std::span<const double> x, std::span<const double> y);

struct MannWhitney {
  double u = 0;  // pairs in which a's value is the higher, equal ones counted half
  double p = 1;  // two-sided
  bool exact = false;
};
/// Do values of one sample tend to be higher (Mann and Whitney 1947)? Exact without ties and with at most 400
/// pairs (20 by 20); else the normal approximation with corrections for ties and continuity.
MannWhitney mann_whitney(std::span<const double> a, std::span<const double> b);

struct ShiftEstimate {
  double shift = 0;
  Interval interval;  // 95 %
};
/// How far b lies above a (B minus A): the median of all pairwise differences (Hodges and Lehmann 1963), with
/// the shifts that `mann_whitney` does not reject. Where so few values reject nothing, the interval is the
/// range of the differences, and covers less than 95 %.
ShiftEstimate hodges_lehmann(std::span<const double> a, std::span<const double> b);

}  // namespace repbench
