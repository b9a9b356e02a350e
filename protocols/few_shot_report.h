#pragma once

#include <cstdint>
#include <vector>

#include "protocols/features.h"
#include "protocols/metrics.h"
#include "protocols/zero_shot_classifier.h"
#include "reports/record.h"

namespace repbench {

/// What all draws gave.
struct ShotTrials {
  std::vector<std::vector<double>> accuracy;  // by shots, then draw
  std::vector<std::vector<double>> right;     // by shots, then test example: share of draws
  Json choices = Json::array();
  int64_t unfinished = 0;  // fits that stopped before their tolerance
};

/// Accuracies of draws as one metric: their mean, the error of that mean and Student's t interval (none of
/// one draw). Named accuracy_WHAT, of the column correct_WHAT; `tested` examples each.
Metric metric_over_draws(const std::string& what, const std::vector<double>& accuracy, int64_t tested,
                         int64_t classes);

/// Mean and deviation as an interval of shares.
Interval deviation_of(const std::vector<double>& accuracy);

/// Each number of shots: mean over draws, the error of that mean, Student's t interval, the last the
/// headline; and the curve of mean and deviation. The record has a table of the test pictures.
void add_shot_metrics(const ShotTrials& trials, const std::vector<int64_t>& shots, int64_t tested,
                      int64_t classes, Record& record);

/// The curve's end: a classifier on all training examples, so many of a class.
void add_last_point(const Classification& result, double examples_a_class, Record& record);

/// The level of the class texts, and where the curve crosses it (Radford et al. 2021, Figure 7).
void add_zero_shot_level(const ZeroShotClassifier& words, const FeatureSet& test, Record& record);

}  // namespace repbench
