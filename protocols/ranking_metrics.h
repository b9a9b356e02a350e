#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <string>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/splits.h"
#include "reports/record.h"

namespace repbench {

/// Which classes each example has: [N, K] bool, K the number of class names. Throws std::invalid_argument
/// naming an example with a class outside.
at::Tensor targets_of(const Dataset& dataset, const IndexList& examples);

struct RankingResult {
  std::vector<Metric> metrics;  // none of them the headline
  OutcomeTable table;           // for Record::outcomes, beside a table of pictures
};

/// How well each class's scores put its pictures before the others: mean_average_precision,
/// mean_average_precision_11_point and, where a class has both kinds of pictures, roc_auc; 95 % intervals by
/// bootstrap over pictures. The table has a row a (picture, class), id "PICTURE/k", label k, columns `score`
/// and `relevant`, pictures as groups.
///
/// Where `counted` [N, K] bool is false a class counts neither way (VOC's difficult objects); undefined: all
/// do.
///
/// scores [N, K] float, finite and comparable between pictures (probabilities or logits; for zero-shot a
/// softmax over classes first, as the CLIP paper's VOC number has it); targets [N, K] bool, as many ids. Of
/// two classes that exclude each other, pass the second's columns alone ([N, 1] and `first_class` 1): roc_auc
/// is then that of scikit-learn's binary case. Throws std::invalid_argument for other shapes, scores that are
/// not finite, and where no class has a picture.
RankingResult ranking_metrics(const at::Tensor& scores, const at::Tensor& targets,
                              std::span<const std::string> ids, int64_t first_class = 0,
                              const at::Tensor& counted = {});

/// The mean over examples of (correct + correct_top5) / 2, from these columns of a table of pictures, as a
/// column of its own: Kinetics700's metric. Throws std::invalid_argument where correct_top5 is missing (six
/// classes or more have it).
Metric mean_top1_top5(OutcomeTable& table, int64_t classes);

}  // namespace repbench
