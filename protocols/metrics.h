#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "datasets/dataset.h"
#include "reports/record.h"

namespace repbench {

/// The class with the highest score; ties go to the lower index. scores [N, K] -> [N] int64.
at::Tensor predict(const at::Tensor& scores);

/// Sums and counts of one split.
struct Classification {
  at::Tensor predictions;                       // [N] int64
  std::vector<uint8_t> is_correct, is_in_top5;  // 0 or 1 an example; the latter empty where K < 6
  int64_t correct = 0;                          // top-1
  int64_t correct_top5 = -1;                    // -1 where K < 6
  int64_t n = 0;
  std::vector<int64_t> class_correct, class_n;  // [K]

  double accuracy() const { return static_cast<double>(correct) / static_cast<double>(n); }
};

/// scores [N, K] float, labels [N] int64 in 0 ... K-1. Throws std::invalid_argument on NaN scores or bad
/// labels.
Classification classify(const at::Tensor& scores, const at::Tensor& labels);

/// A share of successes with binomial error, Wilson interval and ceiling 1.
Metric share_metric(std::string name, int64_t successes, int64_t n, double chance);

/// accuracy (headline; Wilson interval, chance 1/K, ceiling 1), mean_per_class_accuracy, accuracy_top5; with
/// the columns of classification_outcomes.
std::vector<Metric> classification_metrics(const Classification& result);

/// If accuracy is near chance: the accuracy under the best one-to-one relabelling of classes (Hungarian
/// method on the confusion matrix). A high value says that class names are permuted.
double best_permuted_accuracy(const at::Tensor& predictions, const at::Tensor& labels, int64_t classes);

/// 0 or 1 an example, as a column of outcomes.
std::vector<double> column_of(const std::vector<uint8_t>& flags);

/// A row an example, without columns. labels [N] int64; throws std::invalid_argument if the lengths differ.
OutcomeTable picture_table(std::vector<std::string> ids, const at::Tensor& labels);

/// The same of examples of a data set; -1 for none or several classes.
OutcomeTable picture_table(const Dataset& dataset, std::span<const int64_t> examples);

/// One table of pictures with the columns prediction, correct and, where K > 5, correct_top5.
Outcomes classification_outcomes(const Classification& result, const at::Tensor& labels,
                                 std::vector<std::string> ids, std::vector<std::string> class_names);

}  // namespace repbench
