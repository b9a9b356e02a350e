#pragma once

#include <cstdint>
#include <span>

#include "reports/record.h"

namespace repbench {

/// Who was right on the same examples.
struct PairedCounts {
  int64_t both = 0, only_a = 0, only_b = 0, neither = 0;
  int64_t n() const { return both + only_a + only_b + neither; }
};
/// 1: right, 0: wrong. Throws std::invalid_argument if the lengths differ.
PairedCounts paired_counts(std::span<const uint8_t> a, std::span<const uint8_t> b);

/// Two-sided exact McNemar test with the mid-p correction (Fagerland et al. 2013); 1 if nothing is
/// discordant.
double mcnemar_mid_p(int64_t only_a, int64_t only_b);

/// The one-sided test, small when B lost: P(X > only_a) + P(X = only_a) / 2 for X binomial (only_a + only_b,
/// 1/2). Loss and gain add up to 1: loss(a, b) + loss(b, a) = 1, so that it is 1/2 if nothing is discordant.
double mcnemar_mid_p_loss(int64_t only_a, int64_t only_b);

/// Score interval of B's share less A's (Tango 1998): inside [-1, 1], with a width also where nothing is
/// discordant. Throws std::invalid_argument for no pairs, counts outside [0, 10^15] and confidence outside
/// (0, 1).
Interval tango_interval(const PairedCounts& counts, double confidence = 0.95);

struct PairedT {
  double mean = 0;
  double standard_deviation = 0;  // sample (n - 1)
  double standard_error = 0;
  Interval interval;
  double p = 1;  // two-sided: is the mean 0?
  int64_t n = 0;
};
/// Student's t over differences, e.g. of seeds. Differences that are all equal have a point for an interval,
/// and p = 0 unless they are 0. Throws std::invalid_argument for fewer than two and for values that are not
/// finite.
PairedT paired_t(std::span<const double> differences, double confidence = 0.95);

}  // namespace repbench
