#include "protocols/throughput/precision_check.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "pretrain/tensors.h"
#include "protocols/features.h"
#include "protocols/metrics.h"
#include "reports/statistics/intervals.h"

namespace repbench {
namespace {

/// [N, D] of length 1
at::Tensor unit_rows(const at::Tensor& features) {
  return features / features.norm(2, {1}, /*keepdim=*/true).clamp_min(1e-12);
}

/// Directions of the classes' mean features; a class without an example has none: a row of zeros. [K, D]
at::Tensor class_means(const at::Tensor& unit_features, const at::Tensor& labels, int64_t classes) {
  const at::Tensor sums = at::zeros({classes, unit_features.size(1)});
  return unit_rows(sums.index_add(0, labels, unit_features));
}

/// Cosines with the means; classes without one are out of reach. [N, K]
at::Tensor scores(const at::Tensor& unit_features, const at::Tensor& means) {
  constexpr double kBelowAnyCosine = -2;
  return at::matmul(unit_features, means.t()).masked_fill(means.abs().sum(1).eq(0), kBelowAnyCosine);
}

bool has_one_class_each(const Dataset& dataset, const IndexList& examples) {
  return !dataset.class_names().empty() &&
         std::all_of(examples.indices.begin(), examples.indices.end(),
                     [&](int64_t index) { return dataset.labels(index).size() == 1; });
}

void report_cosines(const at::Tensor& cosines, OutcomeTable& table, Record& record) {
  std::vector<double>& column = table.columns["feature_cosine"];
  for (int64_t i = 0; i < cosines.numel(); ++i) column.push_back(cosines[i].item<double>());
  const MeanAndDeviation mean = mean_and_deviation(column);
  Metric metric;
  metric.name = "feature_cosine_with_fp32";
  metric.value = mean.mean;
  metric.unit = "cosine";
  metric.n = mean.n;
  metric.interval = mean.interval;
  metric.column = "feature_cosine";
  record.metrics.push_back(metric);
  Metric worst;
  worst.name = "feature_cosine_with_fp32_worst";
  worst.value = *std::min_element(column.begin(), column.end());
  worst.unit = "cosine";
  worst.n = mean.n;
  record.metrics.push_back(std::move(worst));
}

void report_share(const std::string& name, const std::string& column, const std::vector<uint8_t>& hits,
                  OutcomeTable& table, std::optional<double> chance, Record& record) {
  Metric metric = share_metric(name, std::count(hits.begin(), hits.end(), 1),
                               static_cast<int64_t>(hits.size()), chance.value_or(0));
  metric.chance = chance;
  metric.column = column;
  table.columns[column] = column_of(hits);
  record.metrics.push_back(std::move(metric));
}

void report_accuracies(const at::Tensor& at_precision, const at::Tensor& at_fp32, const at::Tensor& means,
                       const at::Tensor& labels, OutcomeTable& table, Record& record) {
  const Classification judged = classify(scores(at_precision, means), labels),
                       exact = classify(scores(at_fp32, means), labels);
  const double chance = 1 / static_cast<double>(means.size(0));
  report_share("accuracy_at_precision", "correct_at_precision", judged.is_correct, table, chance, record);
  report_share("accuracy_at_fp32", "correct_at_fp32", exact.is_correct, table, chance, record);
  std::vector<uint8_t> agrees;
  const at::Tensor same = judged.predictions.eq(exact.predictions);
  for (int64_t i = 0; i < same.numel(); ++i) agrees.push_back(same[i].item<bool>() ? 1 : 0);
  report_share("top1_agreement_with_fp32", "agrees_with_fp32", agrees, table, std::nullopt, record);
}

}  // namespace

void check_precision(const Subject& subject, const Task& task, const ProtocolContext& context,
                     int64_t examples, Record& record) {
  if (context.execution.precision == Precision::fp32) {
    record.resolved["precision_check"] = "none: the precision is fp32";
    return;
  }
  ProtocolContext fp32 = context;
  fp32.execution.precision = Precision::fp32;
  const std::vector<std::string> taps = {subject.encoder->default_taps().front()};
  const auto features = [&](const std::shared_ptr<const Dataset>& dataset, const IndexList& drawn,
                            const ProtocolContext& how) {
    return unit_rows(
        compute_features(*subject.encoder, dataset, drawn, task.view, taps, how).by_tap.at(taps[0]));
  };
  const IndexList test = draw_examples(*task.test, task.test_examples, examples, context.seed);
  const at::Tensor at_precision = features(task.test, test, context),
                   at_fp32 = features(task.test, test, fp32);
  OutcomeTable table = picture_table(*task.test, test.indices);
  report_cosines((at_precision.to(at::kDouble) * at_fp32.to(at::kDouble)).sum(1).clamp(-1, 1), table, record);
  record.resolved["precision_check"] = {{"tap", taps[0]}, {"test_examples", test.size()}};
  const IndexList train = draw_examples(*task.train, task.train_examples, examples, context.seed);
  if (has_one_class_each(*task.train, train) && has_one_class_each(*task.test, test)) {
    record.resolved["precision_check"]["train_examples"] = train.size();
    const at::Tensor labels = at::tensor(table.labels, at::kLong);
    std::vector<int64_t> train_labels;
    for (const int64_t index : train.indices) train_labels.push_back(task.train->label(index));
    const at::Tensor means =
        class_means(features(task.train, train, fp32), at::tensor(train_labels, at::kLong),
                    static_cast<int64_t>(task.train->class_names().size()));
    report_accuracies(at_precision, at_fp32, means, labels, table, record);
  }
  record.outcomes = Outcomes{task.test->class_names(), {std::move(table)}};
}

}  // namespace repbench
