#pragma once

#include <cstdint>
#include <span>

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

}  // namespace repbench
