#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "reports/record.h"

namespace repbench {

struct BootstrapOptions {
  int64_t resamples = 2000;  // at least 2
  uint64_t seed = 0;
  double confidence = 0.95;
};

struct BootstrapResult {
  double estimate = 0;        // the statistic of the sample itself
  double standard_error = 0;  // standard deviation over the resamples
  Interval interval;          // BCa; percentile where BCa is undefined
};

/// A metric of a sample in which unit i occurs counts[i] times; the counts sum to n for a resample, to less
/// for the jackknife.
using ResampledStatistic = std::function<double(std::span<const uint32_t> counts)>;

/// Bootstrap over `n` units (pictures, or pictures on which two models are compared: a paired bootstrap). BCa
/// interval (Efron 1987), its acceleration from a jackknife over at most 100 groups of units drawn once.
/// n = 1 and a statistic that never changes give a point. Same seed, same bits with any compiler and library.
/// Throws std::invalid_argument for n outside [1, 2^32), bad options, and a statistic that is not finite.
BootstrapResult bootstrap(int64_t n, const ResampledStatistic& statistic,
                          const BootstrapOptions& options = {});

}  // namespace repbench
