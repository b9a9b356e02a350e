#include "reports/statistics/calibration_error.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "reports/statistics/intervals.h"

namespace repbench {
namespace {

constexpr double kBins = kCalibrationBins;

size_t bin_of(double confidence) {
  auto bin = static_cast<int>(std::clamp(std::ceil(confidence * kBins) - 1, 0.0, kBins - 1));
  if (bin + 1 < kCalibrationBins && confidence > (bin + 1) / kBins) ++bin;  // the product was rounded
  if (bin > 0 && confidence <= bin / kBins) --bin;
  return static_cast<size_t>(bin);
}

/// Deals predictions out to bins of equal capacity, one after the other.
class Filling {
 public:
  explicit Filling(double n) : capacity_(n / kBins), bins_(kCalibrationBins) {}

  void add(const CalibrationBin& tie) {
    double left = tie.n;
    while (left > 0) {
      const bool is_last = at_ + 1 == bins_.size();
      const double part = is_last ? left : std::min(left, capacity_ - bins_[at_].n);
      bins_[at_].n += part;
      bins_[at_].correct += part / tie.n * tie.correct;
      bins_[at_].confidence += part / tie.n * tie.confidence;
      left -= part;
      if (!is_last && bins_[at_].n >= capacity_ * (1 - kRounding)) ++at_;
    }
  }

  std::vector<CalibrationBin> bins() && { return std::move(bins_); }

 private:
  static constexpr double kRounding = 1e-12;
  double capacity_;
  size_t at_ = 0;
  std::vector<CalibrationBin> bins_;
};

}  // namespace

std::vector<CalibrationBin> equal_width_bins(std::span<const double> confidences,
                                             std::span<const double> correct,
                                             std::span<const uint32_t> counts) {
  std::vector<CalibrationBin> bins(kCalibrationBins);
  for (size_t i = 0; i < confidences.size(); ++i) {
    const double count = counts.empty() ? 1 : counts[i];
    CalibrationBin& bin = bins[bin_of(confidences[i])];
    bin.n += count;
    bin.correct += count * correct[i];
    bin.confidence += count * confidences[i];
  }
  return bins;
}

EqualMassBins::EqualMassBins(std::span<const double> confidences, std::span<const double> correct) {
  for (size_t i = 0; i < confidences.size(); ++i) rows_.push_back({confidences[i], correct[i], i});
  std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) {
    return a.confidence != b.confidence ? a.confidence < b.confidence : a.index < b.index;
  });
}

std::vector<CalibrationBin> EqualMassBins::bins(std::span<const uint32_t> counts) const {
  const auto count_of = [&](const Row& row) { return counts.empty() ? 1.0 : counts[row.index]; };
  double n = 0;
  for (const Row& row : rows_) n += count_of(row);
  Filling filling(n);
  CalibrationBin tie;
  for (size_t i = 0; i < rows_.size(); ++i) {
    const double count = count_of(rows_[i]);
    tie.n += count;
    tie.correct += count * rows_[i].correct;
    tie.confidence += count * rows_[i].confidence;
    if (i + 1 < rows_.size() && rows_[i + 1].confidence == rows_[i].confidence) continue;
    filling.add(tie);
    tie = {};
  }
  return std::move(filling).bins();
}

double expected_calibration_error(std::span<const CalibrationBin> bins) {
  double n = 0, apart = 0;
  for (const CalibrationBin& bin : bins) {
    n += bin.n;
    apart += std::abs(bin.correct - bin.confidence);
  }
  return apart / n;
}

CalibratedError error_if_calibrated(std::span<const double> confidences, uint64_t seed) {
  constexpr int kDraws = 500;
  std::mt19937_64 random(seed);
  std::vector<double> correct(confidences.size()), errors;
  for (int draw = 0; draw < kDraws; ++draw) {
    for (size_t i = 0; i < correct.size(); ++i)
      correct[i] = std::ldexp(static_cast<double>(random() >> 11), -53) < confidences[i] ? 1 : 0;
    errors.push_back(expected_calibration_error(equal_width_bins(confidences, correct)));
  }
  return {mean_and_deviation(errors).mean, quantile(errors, 0.95)};
}

}  // namespace repbench
