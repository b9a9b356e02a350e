#include "protocols/probe_scores.h"

#include <ATen/ATen.h>

#include <cstdint>

#include "protocols/metrics.h"
#include "protocols/ranking_metrics.h"
#include "reports/statistics/ranking.h"

namespace repbench {
namespace {

double mean_average_precision_of(const at::Tensor& scores, const Truth& of) {
  at::Tensor classes = at::arange(scores.size(1), at::kLong).expand_as(scores);
  if (of.counted.defined()) classes = classes.masked_fill(of.counted.logical_not(), -1);
  classes = classes.contiguous();
  const at::Tensor flat = scores.to(at::kDouble).cpu().contiguous(),
                   truth = of.relevant.to(at::kDouble).cpu().contiguous();
  const auto count = static_cast<size_t>(flat.numel());
  return Rankings({flat.const_data_ptr<double>(), count}, {truth.const_data_ptr<double>(), count},
                  {classes.const_data_ptr<int64_t>(), count})
      .mean_average_precision();
}

/// Two classes: how well the second's lead over the first tells them apart.
void add_roc_auc(const at::Tensor& scores, const Truth& truth, const std::vector<std::string>& ids,
                 Record& record) {
  const at::Tensor lead = (scores.select(1, 1) - scores.select(1, 0)).unsqueeze(1);
  RankingResult ranking = ranking_metrics(lead, truth.labels.eq(1).unsqueeze(1), ids, /*first_class=*/1);
  for (Metric& metric : ranking.metrics) {
    if (metric.name == "roc_auc") record.metrics.push_back(std::move(metric));
  }
  record.outcomes->tables.push_back(std::move(ranking.table));
}

}  // namespace

double selection_score(const at::Tensor& scores, const Truth& truth) {
  return truth.several() ? mean_average_precision_of(scores, truth)
                         : classify(scores, truth.labels).accuracy();
}

Record probe_record(const at::Tensor& scores, const Truth& truth, std::vector<std::string> ids,
                    std::vector<std::string> class_names) {
  Record record;
  if (truth.several()) {
    RankingResult ranking = ranking_metrics(scores, truth.relevant, ids, 0, truth.counted);
    record.metrics = std::move(ranking.metrics);
    record.metrics.front().headline = true;
    record.outcomes = {std::move(class_names), {std::move(ranking.table)}};
    return record;
  }
  const Classification result = classify(scores, truth.labels);
  record.metrics = classification_metrics(result);
  record.outcomes = classification_outcomes(result, truth.labels, ids, std::move(class_names));
  const bool both = truth.labels.eq(0).any().item<bool>() && truth.labels.eq(1).any().item<bool>();
  if (scores.size(1) == 2 && both) add_roc_auc(scores, truth, ids, record);
  return record;
}

void add_best_scores(const at::Tensor& scores, const Truth& truth, Record& record) {
  if (truth.several()) {
    record.resolved["best_mean_average_precision"] = mean_average_precision_of(scores, truth);
    return;
  }
  const Classification result = classify(scores, truth.labels);
  Metric metric = classification_metrics(result).front();
  metric.name = "accuracy_best";
  metric.column = "correct_best";
  metric.headline = false;
  record.outcomes->tables.front().columns[metric.column] = column_of(result.is_correct);
  record.metrics.push_back(std::move(metric));
}

}  // namespace repbench
