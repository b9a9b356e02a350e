#include "protocols/metrics.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "protocols/solvers/checks.h"
#include "reports/statistics/intervals.h"

namespace repbench {
namespace {

constexpr int64_t kTop = 5;

/// Scores on the CPU as rows of doubles; NaN refused.
at::Tensor checked_scores(const at::Tensor& scores) {
  if (!scores.defined() || scores.dim() != 2 || scores.size(1) == 0 || !scores.is_floating_point()) {
    refuse("metrics", "floating-point scores [N, K] with K > 0", describe(scores));
  }
  const at::Tensor rows = scores.to(at::kCPU, at::kDouble).contiguous();
  if (at::isnan(rows).any().item<bool>()) refuse("metrics", "scores", "NaN");
  return rows;
}

int64_t best_of(const double* scores, int64_t classes) {
  int64_t best = 0;
  for (int64_t k = 1; k < classes; ++k) {
    if (scores[k] > scores[best]) best = k;
  }
  return best;
}

/// How many classes come before this one; ties go to the lower index.
int64_t rank_of(const double* scores, int64_t classes, int64_t label) {
  int64_t before = 0;
  for (int64_t k = 0; k < classes; ++k) {
    before += scores[k] > scores[label] || (scores[k] == scores[label] && k < label);
  }
  return before;
}

Metric mean_per_class(const Classification& result, double chance) {
  double sum = 0, variance = 0;
  int64_t present = 0;
  for (size_t k = 0; k < result.class_n.size(); ++k) {
    if (result.class_n[k] == 0) continue;
    const double n = static_cast<double>(result.class_n[k]);
    const double accuracy = static_cast<double>(result.class_correct[k]) / n;
    sum += accuracy;
    variance += accuracy * (1 - accuracy) / n;
    ++present;
  }
  Metric metric;
  metric.name = "mean_per_class_accuracy";
  metric.value = sum / static_cast<double>(present);
  metric.n = result.n;
  metric.standard_error = std::sqrt(variance) / static_cast<double>(present);
  metric.chance = chance;
  metric.ceiling = 1;
  metric.column = "correct";
  return metric;
}

/// The Hungarian method (shortest augmenting paths with potentials), one row at a time, O(K^3).
class Assignment {
 public:
  explicit Assignment(const std::vector<double>& cost, size_t size)
      : cost_(cost), size_(size), row_price_(size + 1), column_price_(size + 1), row_of_(size + 1, 0) {
    for (size_t row = 1; row <= size; ++row) assign(row);
  }

  /// The row that a column (both from 0) goes to, at the least total cost.
  size_t row_of(size_t column) const { return row_of_[column + 1] - 1; }

 private:
  // Rows and columns count from 1; column 0 stands for the row that is being placed.
  void assign(size_t row) {
    std::vector<double> slack(size_ + 1, std::numeric_limits<double>::infinity());
    std::vector<size_t> came_from(size_ + 1, 0);
    std::vector<char> reached(size_ + 1, 0);
    row_of_[0] = row;
    size_t column = 0;
    while (row_of_[column] != 0) column = reach_next(column, slack, came_from, reached);
    while (column != 0) {
      row_of_[column] = row_of_[came_from[column]];
      column = came_from[column];
    }
  }

  size_t reach_next(size_t column, std::vector<double>& slack, std::vector<size_t>& came_from,
                    std::vector<char>& reached) {
    reached[column] = 1;
    const size_t row = row_of_[column];
    double least = std::numeric_limits<double>::infinity();
    size_t next = 0;
    for (size_t j = 1; j <= size_; ++j) {
      if (reached[j]) continue;
      const double reduced = cost_[(row - 1) * size_ + j - 1] - row_price_[row] - column_price_[j];
      if (reduced < slack[j]) {
        slack[j] = reduced;
        came_from[j] = column;
      }
      if (slack[j] < least) {
        least = slack[j];
        next = j;
      }
    }
    for (size_t j = 0; j <= size_; ++j) {
      if (reached[j]) {
        row_price_[row_of_[j]] += least;
        column_price_[j] -= least;
      } else {
        slack[j] -= least;
      }
    }
    return next;
  }

  const std::vector<double>& cost_;
  size_t size_;
  std::vector<double> row_price_, column_price_;
  std::vector<size_t> row_of_;
};

}  // namespace

at::Tensor predict(const at::Tensor& scores) {
  const at::Tensor rows = checked_scores(scores);
  at::Tensor result = at::empty({rows.size(0)}, at::kLong);
  const double* data = rows.const_data_ptr<double>();
  for (int64_t i = 0; i < rows.size(0); ++i) {
    result.data_ptr<int64_t>()[i] = best_of(data + i * rows.size(1), rows.size(1));
  }
  return result;
}

Classification classify(const at::Tensor& scores, const at::Tensor& labels) {
  const at::Tensor rows = checked_scores(scores);
  const int64_t n = rows.size(0), classes = rows.size(1);
  if (n == 0) refuse("metrics", "at least one example", "none");
  check_labels("metrics", labels, n, classes);
  const at::Tensor host = labels.cpu().contiguous();
  const double* score = rows.const_data_ptr<double>();
  Classification result;
  result.predictions = predict(rows);
  result.n = n;
  result.correct_top5 = classes > kTop ? 0 : -1;
  result.class_correct.assign(static_cast<size_t>(classes), 0);
  result.class_n.assign(static_cast<size_t>(classes), 0);
  for (int64_t i = 0; i < n; ++i) {
    const int64_t label = host.const_data_ptr<int64_t>()[i];
    const bool correct = result.predictions.const_data_ptr<int64_t>()[i] == label;
    result.is_correct.push_back(correct);
    result.correct += correct;
    result.class_correct[label] += correct;
    ++result.class_n[label];
    if (classes <= kTop) continue;
    result.is_in_top5.push_back(rank_of(score + i * classes, classes, label) < kTop);
    result.correct_top5 += result.is_in_top5.back();
  }
  return result;
}

Metric share_metric(std::string name, int64_t successes, int64_t n, double chance) {
  Metric metric;
  metric.name = std::move(name);
  metric.value = static_cast<double>(successes) / static_cast<double>(n);
  metric.n = n;
  metric.standard_error = binomial_standard_error(successes, n);
  metric.interval = wilson_interval(successes, n);
  metric.chance = chance;
  metric.ceiling = 1;
  return metric;
}

std::vector<Metric> classification_metrics(const Classification& result) {
  if (result.n == 0) refuse("metrics", "at least one example", "none");
  const double classes = static_cast<double>(result.class_n.size());
  std::vector<Metric> metrics{share_metric("accuracy", result.correct, result.n, 1 / classes),
                              mean_per_class(result, 1 / classes)};
  metrics[0].headline = true;
  metrics[0].column = "correct";
  if (result.correct_top5 >= 0) {
    metrics.push_back(share_metric("accuracy_top5", result.correct_top5, result.n, kTop / classes));
    metrics.back().column = "correct_top5";
  }
  return metrics;
}

double best_permuted_accuracy(const at::Tensor& predictions, const at::Tensor& labels, int64_t classes) {
  if (!predictions.defined() || predictions.numel() == 0) {
    refuse("metrics", "at least one prediction", describe(predictions));
  }
  check_labels("metrics", predictions, predictions.numel(), classes);
  check_labels("metrics", labels, predictions.numel(), classes);
  const at::Tensor predicted = predictions.cpu().contiguous(), truth = labels.cpu().contiguous();
  const size_t size = static_cast<size_t>(classes);
  std::vector<double> cost(size * size, 0);  // minus the confusion matrix
  for (int64_t i = 0; i < predicted.numel(); ++i) {
    cost[predicted.const_data_ptr<int64_t>()[i] * classes + truth.const_data_ptr<int64_t>()[i]] -= 1;
  }
  const Assignment assignment(cost, size);
  double correct = 0;
  for (size_t column = 0; column < size; ++column) correct -= cost[assignment.row_of(column) * size + column];
  return correct / static_cast<double>(predicted.numel());
}

std::vector<double> column_of(const std::vector<uint8_t>& flags) { return {flags.begin(), flags.end()}; }

OutcomeTable picture_table(std::vector<std::string> ids, const at::Tensor& labels) {
  if (static_cast<int64_t>(ids.size()) != labels.numel()) {
    refuse("metrics", std::to_string(labels.numel()) + " ids", std::to_string(ids.size()));
  }
  const at::Tensor truth = labels.cpu().contiguous();
  const int64_t* label = truth.const_data_ptr<int64_t>();
  return {"picture", std::move(ids), {label, label + truth.numel()}, {}};
}

OutcomeTable picture_table(const Dataset& dataset, std::span<const int64_t> examples) {
  OutcomeTable table{"picture", {}, {}, {}};
  for (const int64_t index : examples) {
    table.ids.push_back(dataset.id(index));
    table.labels.push_back(dataset.label(index));
  }
  return table;
}

Outcomes classification_outcomes(const Classification& result, const at::Tensor& labels,
                                 std::vector<std::string> ids, std::vector<std::string> class_names) {
  check_labels("metrics", labels, result.n, static_cast<int64_t>(result.class_n.size()));
  OutcomeTable table = picture_table(std::move(ids), labels);
  const int64_t* prediction = result.predictions.const_data_ptr<int64_t>();
  table.columns["prediction"] = {prediction, prediction + result.n};
  table.columns["correct"] = column_of(result.is_correct);
  if (!result.is_in_top5.empty()) table.columns["correct_top5"] = column_of(result.is_in_top5);
  return {std::move(class_names), {std::move(table)}};
}

}  // namespace repbench
