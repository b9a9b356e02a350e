#include "protocols/ranking_metrics.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>
#include <utility>

#include "datasets/random.h"
#include "protocols/solvers/checks.h"
#include "reports/metric_kinds.h"
#include "reports/statistics/bootstrap.h"
#include "reports/statistics/intervals.h"
#include "reports/statistics/normal.h"
#include "reports/statistics/ranking.h"

namespace repbench {
namespace {

void check_shapes(const at::Tensor& scores, const at::Tensor& targets, size_t ids) {
  if (!scores.defined() || scores.dim() != 2 || scores.numel() == 0 || !scores.is_floating_point())
    refuse("metrics", "floating-point scores [N, K] with N, K > 0", describe(scores));
  if (!targets.defined() || targets.sizes() != scores.sizes() || targets.scalar_type() != at::kBool)
    refuse("metrics", fmt::format("targets [{}, {}] of type bool", scores.size(0), scores.size(1)),
           describe(targets));
  if (static_cast<int64_t>(ids) != scores.size(0))
    refuse("metrics", fmt::format("{} ids", scores.size(0)), std::to_string(ids));
  if (!at::isfinite(scores).all().item<bool>()) refuse("metrics", "finite scores", "another");
  if (!targets.any().item<bool>()) refuse("metrics", "a class with a picture", "none");
}

OutcomeTable pairs_of(const at::Tensor& scores, const at::Tensor& targets, std::span<const std::string> ids,
                      int64_t first_class, const at::Tensor& counted) {
  const at::Tensor rows = scores.to(at::kCPU, at::kDouble).contiguous();
  const at::Tensor flags = targets.to(at::kCPU, at::kDouble).contiguous();
  const double *score = rows.const_data_ptr<double>(), *relevant = flags.const_data_ptr<double>();
  OutcomeTable table{"picture and class", {}, {}, {}, {}};
  const at::Tensor counts = counted.defined() ? counted.to(at::kCPU).contiguous() : at::Tensor();
  for (int64_t i = 0; i < rows.size(0); ++i) {
    for (int64_t k = first_class; k < first_class + rows.size(1); ++k) {
      const int64_t at = i * rows.size(1) + k - first_class;
      if (counts.defined() && !counts.const_data_ptr<bool>()[at]) continue;
      table.columns["score"].push_back(score[at]);
      table.columns["relevant"].push_back(relevant[at]);
      table.ids.push_back(fmt::format("{}/{}", ids[static_cast<size_t>(i)], k));
      table.labels.push_back(k);
      table.groups.push_back(i);
    }
  }
  return table;
}

/// Value, error and interval over resampled pictures.
Metric over_pictures(std::string name, const OutcomeTable& table, int64_t pictures, double chance) {
  Metric metric;
  metric.name = std::move(name);
  metric.column = "score";
  metric.n = pictures;
  metric.chance = chance;
  metric.ceiling = 1;
  const ResampledStatistic statistic = outcomes_statistic(metric, table);
  std::vector<uint32_t> counts(table.ids.size());
  const BootstrapResult result = bootstrap(pictures, [&](std::span<const uint32_t> drawn) {
    for (size_t row = 0; row < counts.size(); ++row)
      counts[row] = drawn[static_cast<size_t>(table.groups[row])];
    return statistic(counts);
  });
  // A picture that is drawn twice stands beside itself in every order, which raises average precision: BCa
  // would move away from the value.
  const double half = normal_quantile(0.975) * result.standard_error;
  metric.value = result.estimate;
  metric.standard_error = result.standard_error;
  metric.interval = {std::max(0.0, metric.value - half), std::min(1.0, metric.value + half)};
  return metric;
}

/// Of a random order of n pictures, `positives` of which are the class's: above their share where they are
/// few.
double expected_average_precision(int64_t n, int64_t positives) {
  if (positives == n) return 1;
  double harmonic = 0;
  for (int64_t i = 1; i <= n; ++i) harmonic += 1 / static_cast<double>(i);
  const auto all = static_cast<double>(n), own = static_cast<double>(positives);
  return (own - 1) / (all - 1) + (all - own) / (all * (all - 1)) * harmonic;
}

/// Mean over the classes that have pictures.
double chance_of_average_precision(const OutcomeTable& table) {
  std::map<int64_t, std::pair<int64_t, int64_t>> classes;  // pictures, and those that are the class's
  const std::vector<double>& relevant = table.columns.at("relevant");
  for (size_t row = 0; row < relevant.size(); ++row) {
    auto& [pictures, positives] = classes[table.labels[row]];
    ++pictures;
    positives += relevant[row] != 0 ? 1 : 0;
  }
  double sum = 0, count = 0;
  for (const auto& [label, sizes] : classes) {
    if (sizes.second == 0) continue;
    sum += expected_average_precision(sizes.first, sizes.second);
    ++count;
  }
  return sum / count;
}

/// The same of the 11-point kind, which has no simple formula: mean over random orders.
double chance_of_11_point(const OutcomeTable& table) {
  constexpr double kRows = 1e7;  // that are put in order in all
  const auto orders =
      std::clamp<int64_t>(std::llround(kRows / static_cast<double>(table.ids.size())), 10, 400);
  std::vector<double> scores(table.ids.size());
  double sum = 0;
  for (int64_t order = 0; order < orders; ++order) {
    RandomStream stream(0, Purpose::shuffle, static_cast<uint64_t>(order), hash64("chance of an order"));
    for (double& score : scores) score = stream.uniform();
    sum += Rankings(scores, table.columns.at("relevant"), table.labels).mean_average_precision_11_point();
  }
  return sum / static_cast<double>(orders);
}

}  // namespace

at::Tensor targets_of(const Dataset& dataset, const IndexList& examples) {
  const auto classes = static_cast<int64_t>(dataset.class_names().size());
  at::Tensor targets = at::zeros({examples.size(), classes}, at::kBool);
  bool* row = targets.data_ptr<bool>();
  for (const int64_t index : examples.indices) {
    for (const int64_t label : dataset.labels(index)) {
      if (label < 0 || label >= classes) {
        refuse("metrics", fmt::format("classes of {} in 0 ... {}", dataset.id(index), classes - 1),
               std::to_string(label));
      }
      row[label] = true;
    }
    row += classes;
  }
  return targets;
}

RankingResult ranking_metrics(const at::Tensor& scores, const at::Tensor& targets,
                              std::span<const std::string> ids, int64_t first_class,
                              const at::Tensor& counted) {
  check_shapes(scores, targets, ids.size());
  RankingResult result{{}, pairs_of(scores, targets, ids, first_class, counted)};
  const int64_t pictures = scores.size(0);
  const at::Tensor shares = targets.to(at::kCPU, at::kDouble).mean(at::IntArrayRef{0});
  result.metrics.push_back(over_pictures("mean_average_precision", result.table, pictures,
                                         chance_of_average_precision(result.table)));
  result.metrics.push_back(over_pictures("mean_average_precision_11_point", result.table, pictures,
                                         chance_of_11_point(result.table)));
  if (at::logical_and(shares > 0, shares < 1).any().item<bool>())
    result.metrics.push_back(over_pictures("roc_auc", result.table, pictures, 0.5));
  return result;
}

Metric mean_top1_top5(OutcomeTable& table, int64_t classes) {
  const auto top1 = table.columns.find("correct"), top5 = table.columns.find("correct_top5");
  if (top1 == table.columns.end() || top5 == table.columns.end()) {
    throw std::invalid_argument(
        "[metrics] mean_top1_top5: expected the columns correct and correct_top5, which six classes or more "
        "have; got other ones");
  }
  std::vector<double> means = top1->second;
  for (size_t i = 0; i < means.size(); ++i) means[i] = (means[i] + top5->second[i]) / 2;
  const MeanAndDeviation mean = mean_and_deviation(means);
  Metric metric;
  metric.name = metric.column = "mean_top1_top5";
  metric.value = mean.mean;
  metric.n = mean.n;
  metric.standard_error = mean.standard_deviation / std::sqrt(static_cast<double>(mean.n));
  metric.interval = {std::max(0.0, mean.interval.low), std::min(1.0, mean.interval.high)};
  metric.chance = 3.0 / static_cast<double>(classes);
  metric.ceiling = 1;
  table.columns[metric.column] = std::move(means);
  return metric;
}

}  // namespace repbench
