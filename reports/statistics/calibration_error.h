#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace repbench {

/// Bins of the expected calibration error, as in Guo et al. 2017.
inline constexpr int kCalibrationBins = 15;

/// Sums over the predictions of a bin.
struct CalibrationBin {
  double n = 0;           // predictions; need not be whole in bins of equal mass
  double correct = 0;     // of them
  double confidence = 0;  // summed
};

/// Bins ((m-1)/M, m/M] of the confidence, M = kCalibrationBins; 0 goes to the first. `correct` is 0 or 1; row
/// i counts `counts[i]` times (empty: once each).
std::vector<CalibrationBin> equal_width_bins(std::span<const double> confidences,
                                             std::span<const double> correct,
                                             std::span<const uint32_t> counts = {});

/// Bins by rising confidence that hold n/M predictions each: one on a border counts in both, by its parts.
/// Equal confidences share what is correct evenly, so that the order of rows does not matter.
class EqualMassBins {
 public:
  EqualMassBins(std::span<const double> confidences, std::span<const double> correct);
  std::vector<CalibrationBin> bins(std::span<const uint32_t> counts = {}) const;

 private:
  struct Row {
    double confidence, correct;
    size_t index;
  };
  std::vector<Row> rows_;  // confidences rising
};

/// sum_m n_m / n |accuracy_m - confidence_m| (Guo et al. 2017, equation 3). It grows with the noise in a bin:
/// a perfect model shows more than 0.
double expected_calibration_error(std::span<const CalibrationBin> bins);

/// The error (bins of equal width) of a classifier that is right as often as it says.
struct CalibratedError {
  double mean = 0, quantile_95 = 0;
};

/// Over outcomes drawn from the confidences themselves (consistency resampling; Broecker and Smith 2007):
/// what noise alone shows at this many predictions. Same seed, same bits.
CalibratedError error_if_calibrated(std::span<const double> confidences, uint64_t seed);

}  // namespace repbench
