#include "protocols/few_shot_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "protocols/crossing.h"
#include "reports/statistics/intervals.h"

namespace repbench {
namespace {

Interval within_shares(const Interval& interval) {
  return {std::clamp(interval.low, 0.0, 1.0), std::clamp(interval.high, 0.0, 1.0)};
}

/// One more accuracy on the same test pictures, never the headline.
Metric accuracy_beside(const Classification& result, const std::string& what, Record& record) {
  Metric metric = classification_metrics(result).front();
  metric.name = "accuracy_" + what;
  metric.column = "correct_" + what;
  metric.headline = false;
  record.outcomes->tables.front().columns[metric.column] = column_of(result.is_correct);
  return metric;
}

}  // namespace

Metric metric_over_draws(const std::string& what, const std::vector<double>& accuracy, int64_t tested,
                         int64_t classes) {
  const MeanAndDeviation spread = mean_and_deviation(accuracy);
  Metric metric;
  metric.name = "accuracy_" + what;
  metric.value = spread.mean;
  metric.n = spread.n * tested;
  if (spread.n > 1) {  // one draw says nothing about others
    metric.standard_error = spread.standard_deviation / std::sqrt(static_cast<double>(spread.n));
    metric.interval = within_shares(spread.interval);
  }
  metric.chance = 1.0 / static_cast<double>(classes);
  metric.ceiling = 1;
  metric.column = "correct_" + what;
  metric.repetitions = {"draw", accuracy};
  return metric;
}

Interval deviation_of(const std::vector<double>& accuracy) {
  const MeanAndDeviation spread = mean_and_deviation(accuracy);
  return within_shares({spread.mean - spread.standard_deviation, spread.mean + spread.standard_deviation});
}

void add_shot_metrics(const ShotTrials& trials, const std::vector<int64_t>& shots, int64_t tested,
                      int64_t classes, Record& record) {
  Curve curve;
  curve.name = "few-shot";
  curve.x_label = "training pictures of a class";
  curve.y_label =
      fmt::format("accuracy (few-shot: mean ± deviation of {} draws)", trials.accuracy.front().size());
  for (size_t i = 0; i < shots.size(); ++i) {
    Metric metric = metric_over_draws(fmt::format("{}_shot", shots[i]), trials.accuracy[i], tested, classes);
    metric.headline = i + 1 == shots.size();
    // Numbers of shots stand at equal distances: they double.
    curve.x.push_back(static_cast<double>(shots[i]));
    curve.x_ticks.push_back(std::to_string(shots[i]));
    curve.y.push_back(metric.value);
    curve.intervals.push_back(deviation_of(trials.accuracy[i]));
    record.outcomes->tables.front().columns[metric.column] = trials.right[i];
    record.metrics.push_back(std::move(metric));
    record.resolved["deviation_by_shots"][std::to_string(shots[i])] =
        mean_and_deviation(trials.accuracy[i]).standard_deviation;
    record.resolved["test_standard_error_by_shots"][std::to_string(shots[i])] =
        mean_and_deviation(trials.right[i]).standard_deviation / std::sqrt(static_cast<double>(tested));
  }
  record.curves.push_back(std::move(curve));
}

void add_last_point(const Classification& result, double examples_a_class, Record& record) {
  Metric metric = accuracy_beside(result, "all_examples", record);
  Curve& curve = record.curves.front();
  curve.x.push_back(examples_a_class);
  curve.x_ticks.emplace_back("all");
  curve.y.push_back(metric.value);
  curve.intervals.push_back(metric.interval.value());
  record.metrics.push_back(std::move(metric));
}

void add_zero_shot_level(const ZeroShotClassifier& words, const FeatureSet& test, Record& record) {
  Metric metric = accuracy_beside(classify(cosines(test.by_tap.at("projected"), words.ensemble), test.labels),
                                  "zero_shot", record);
  Curve line = record.curves.front();
  const Crossing crossing = first_crossing(line.x, line.y, metric.value);
  line.name = "zero-shot";
  line.y.assign(line.x.size(), metric.value);
  line.intervals.assign(line.x.size(), metric.interval.value());
  record.resolved["zero_shot"] = words.resolved;
  record.resolved["crossing_shots"] = crossing.x ? Json(*crossing.x) : Json(nullptr);
  record.resolved["crossing"] = crossing.where;
  record.warnings.insert(record.warnings.end(), words.warnings.begin(), words.warnings.end());
  record.metrics.push_back(std::move(metric));
  record.curves.push_back(std::move(line));
}

}  // namespace repbench
