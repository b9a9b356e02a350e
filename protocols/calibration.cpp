#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "protocols/confidences.h"
#include "protocols/features.h"
#include "protocols/kinds.h"
#include "protocols/metrics.h"
#include "protocols/solvers/logistic.h"
#include "protocols/zero_shot_classifier.h"
#include "reports/metric_kinds.h"
#include "reports/statistics/bootstrap.h"
#include "reports/statistics/calibration_error.h"
#include "reports/statistics/intervals.h"
#include "reports/statistics/normal.h"

namespace repbench {
namespace {

/// What a head says of the test pictures, and of training pictures that it has not learned from.
struct Logits {
  at::Tensor test, held_out;  // [N, K], [M, K] float64
  at::Tensor held_out_labels;
};

/// The mean of a column, its interval by Student's t.
Metric mean_metric(const char* name, const std::string& column, const std::vector<double>& values) {
  const MeanAndDeviation mean = mean_and_deviation(values);
  Metric metric;
  metric.name = name;
  metric.direction = Direction::lower_is_better;
  metric.unit = find_metric_kind(name).unit;
  metric.value = mean.mean;
  metric.n = mean.n;
  metric.standard_error = mean.standard_deviation / std::sqrt(static_cast<double>(mean.n));
  metric.interval = {std::max(0.0, mean.interval.low), mean.interval.high};
  metric.ceiling = 0;
  metric.column = column;
  return metric;
}

/// Resampled pictures have more noise within bins, so that BCa would move away from the value: its own normal
/// interval with the bootstrap's error.
Metric error_metric(const char* name, const std::string& column, const OutcomeTable& table, uint64_t seed) {
  Metric metric;
  metric.name = name;
  metric.direction = Direction::lower_is_better;
  metric.column = column;
  metric.n = std::ssize(table.ids);
  metric.ceiling = 0;
  const BootstrapResult result = bootstrap(*metric.n, outcomes_statistic(metric, table), {.seed = seed});
  const double half = normal_quantile(0.975) * result.standard_error;
  metric.value = result.estimate;
  metric.standard_error = result.standard_error;
  metric.interval = {std::max(0.0, metric.value - half), std::min(1.0, metric.value + half)};
  return metric;
}

Curve reliability_curve(const std::string& name, const std::vector<CalibrationBin>& bins) {
  Curve curve;
  curve.name = name;
  curve.x_label = "mean confidence";
  curve.y_label = "accuracy";
  for (const CalibrationBin& bin : bins) {
    if (bin.n == 0) continue;
    curve.x.push_back(bin.confidence / bin.n);
    curve.y.push_back(bin.correct / bin.n);
    curve.intervals.push_back(
        wilson_interval(static_cast<int64_t>(bin.correct), static_cast<int64_t>(bin.n)));
  }
  return curve;
}

Curve histogram_curve(const std::string& name, const std::vector<CalibrationBin>& bins) {
  Curve curve;
  curve.name = name;
  curve.x_label = "mean confidence";
  curve.y_label = "pictures";
  for (const CalibrationBin& bin : bins) {
    if (bin.n == 0) continue;
    curve.x.push_back(bin.confidence / bin.n);
    curve.y.push_back(bin.n);
  }
  return curve;
}

/// Metrics, columns and curves of one temperature; `suffix` is "" or "_scaled".
void report_confidences(const Confidences& said, const std::string& suffix, uint64_t seed, Record& record) {
  const bool scaled = !suffix.empty();
  OutcomeTable& table = record.outcomes->tables.front();
  table.columns["confidence" + suffix] = said.confidence;
  table.columns["brier" + suffix] = said.brier;
  table.columns["nll" + suffix] = said.nll;
  record.metrics.push_back(
      error_metric(scaled ? "expected_calibration_error_scaled" : "expected_calibration_error",
                   "confidence" + suffix, table, seed));
  record.metrics.push_back(error_metric(
      scaled ? "expected_calibration_error_equal_mass_scaled" : "expected_calibration_error_equal_mass",
      "confidence" + suffix, table, seed));
  record.metrics.push_back(
      mean_metric(scaled ? "brier_score_scaled" : "brier_score", "brier" + suffix, said.brier));
  record.metrics.push_back(mean_metric(scaled ? "negative_log_likelihood_scaled" : "negative_log_likelihood",
                                       "nll" + suffix, said.nll));
  const std::vector<CalibrationBin> bins = equal_width_bins(said.confidence, table.columns.at("correct"));
  const std::string after = scaled ? " after temperature scaling" : "";
  record.curves.push_back(reliability_curve("reliability" + after, bins));
  record.curves.push_back(histogram_curve("pictures by confidence" + after, bins));
}

/// The error is above 0 for a perfect model too: how far?
void report_floor(const Confidences& said, uint64_t seed, Record& record) {
  const CalibratedError floor = error_if_calibrated(said.confidence, seed);
  record.resolved["expected_calibration_error_if_calibrated"] = {{"mean", floor.mean},
                                                                 {"quantile_95", floor.quantile_95}};
  const double value = record.headline().value;
  if (value > floor.quantile_95) return;
  record.warnings.push_back(fmt::format(
      "the expected calibration error of {:.4f} is no more than a perfectly calibrated classifier with these "
      "confidences shows on {} pictures: {:.4f} on average, 95 % below {:.4f}",
      value, said.confidence.size(), floor.mean, floor.quantile_95));
}

class Calibration final : public Protocol {
 public:
  void describe(Options& options) override {
    options.add("head", &head_,
                {.help = "whose probabilities: logistic (a probe on standardised features), or zero_shot "
                         "(class texts, logits are scale x cosine)",
                 .choices = {"logistic", "zero_shot"}});
    options.add("tap", &tap_, {.help = "logistic: the feature; empty: the first of the encoder's own list"});
    options.add("C", &C_,
                {.help = "logistic: inverse regularisation strength", .minimum = 1e-12, .maximum = 1e12});
    options.add("held_out", &held_out_,
                {.help = "share of train that the temperature is fitted on, and nothing else",
                 .minimum = 0.01,
                 .maximum = 0.9});
    options.add("prompts", &prompts_, {.help = "zero_shot: as in the protocol zero_shot"});
    options.add("logit_scale", &logit_scale_,
                {.help = "zero_shot: the factor on cosines; a file of features needs one",
                 .minimum = 0,
                 .maximum = 1e6,
                 .zero = "the model's own"});
  }

  ProtocolResult run(const Subject& subject, const Task& task, const ProtocolContext& context) override {
    const SelectionSplit split = selection_split(*task.train, task.train_examples, held_out_, context.seed);
    Record record;
    FeatureSet test;
    const Logits logits = head_ == "zero_shot" ? zero_shot(subject, task, split, context, test, record)
                                               : logistic(subject, task, split, context, test, record);
    const Classification result = classify(logits.test, test.labels);
    record.outcomes = classification_outcomes(result, test.labels, test.ids, task.test->class_names());
    report_confidences(confidences(logits.test, test.labels), "", context.seed, record);
    record.metrics.front().headline = true;
    const double temperature = fit_temperature(logits.held_out, logits.held_out_labels);
    report_confidences(confidences(logits.test, test.labels, temperature), "_scaled", context.seed, record);
    for (Metric& metric : classification_metrics(result)) {
      metric.headline = false;
      if (metric.name == "accuracy") record.metrics.push_back(std::move(metric));
    }
    record.resolved["head"] = head_;
    record.resolved["temperature"] = temperature;
    record.resolved["temperature_examples"] = split.held_out.size();
    record.resolved["bins"] = kCalibrationBins;
    if (temperature <= kLeastTemperature || temperature >= kHighestTemperature)
      record.warnings.push_back(
          fmt::format("the temperature {} is at the edge of its range: all held-out pictures are right, or "
                      "their logits say nothing",
                      temperature));
    report_floor(confidences(logits.test, test.labels), context.seed, record);
    return {std::move(record)};
  }

 private:
  Logits logistic(const Subject& subject, const Task& task, const SelectionSplit& split,
                  const ProtocolContext& context, FeatureSet& test, Record& record) const {
    const std::string tap = tap_.empty() ? subject.encoder->default_taps().front() : tap_;
    const std::vector<std::string> taps = {tap};
    const FeatureSet train =
        extract_features(subject, task.train, task.train_examples, task.view, taps, context);
    test = extract_features(subject, task.test, task.test_examples, task.view, taps, context);
    const at::Tensor kept = rows_of(train.by_tap.at(tap), split.kept);
    const at::Tensor kept_labels = rows_of(train.labels, split.kept);
    const at::Tensor held_labels = rows_of(train.labels, split.held_out);
    const std::vector<std::string>& names = task.train->class_names();
    check_classes_are_learned(kept_labels, at::cat({test.labels, held_labels}), names);
    const Standardiser standardiser = Standardiser::fit(kept);
    const LogisticSolution solution =
        solve_logistic({standardiser.apply(kept), kept_labels, static_cast<int64_t>(names.size()), {C_}}, {});
    if (!solution.converged[0])
      record.warnings.push_back(
          fmt::format("logistic stopped at gradient {:.1e}", solution.gradient_norm[0]));
    record.resolved["tap"] = tap;
    record.resolved["C"] = C_;
    const auto scores = [&](const at::Tensor& features) {
      return logistic_scores(solution, standardiser.apply(features))[0];
    };
    return {scores(test.by_tap.at(tap)), scores(rows_of(train.by_tap.at(tap), split.held_out)), held_labels};
  }

  Logits zero_shot(const Subject& subject, const Task& task, const SelectionSplit& split,
                   const ProtocolContext& context, FeatureSet& test, Record& record) const {
    if (subject.features != nullptr && logit_scale_ == 0)
      throw std::invalid_argument(
          "[calibration] key 'logit_scale': expected a factor on cosines, which a file of features does not "
          "know (CLIP's is 100); got 0");
    const ZeroShotClassifier classifier =
        make_zero_shot_classifier(subject, prompts_, *task.test, context, "calibration");
    record.resolved = classifier.resolved;
    record.warnings = classifier.warnings;
    const double scale = logit_scale_ > 0 ? logit_scale_ : subject.encoder->text()->scale();
    record.resolved["logit_scale"] = scale;
    const std::vector<std::string> taps = {"projected"};
    std::vector<int64_t> held_out;
    for (const int64_t row : split.held_out)
      held_out.push_back(task.train_examples.indices[static_cast<size_t>(row)]);
    const FeatureSet held = extract_features(subject, task.train, these_examples(*task.train, held_out),
                                             task.view, taps, context);
    test = extract_features(subject, task.test, task.test_examples, task.view, taps, context);
    return {scale * cosines(test.by_tap.at("projected"), classifier.ensemble),
            scale * cosines(held.by_tap.at("projected"), classifier.ensemble), held.labels};
  }

  /// A class that the probe has not seen has probability 0: an infinite loss.
  static void check_classes_are_learned(const at::Tensor& learned, const at::Tensor& asked,
                                        const std::vector<std::string>& names) {
    std::vector<bool> seen(names.size());
    for (int64_t i = 0; i < learned.numel(); ++i)
      seen[static_cast<size_t>(learned.const_data_ptr<int64_t>()[i])] = true;
    for (int64_t i = 0; i < asked.numel(); ++i) {
      const auto label = static_cast<size_t>(asked.const_data_ptr<int64_t>()[i]);
      if (label < seen.size() && !seen[label])
        throw std::invalid_argument(
            fmt::format("[calibration] expected training pictures of each class that is asked for, beside "
                        "those held out; "
                        "got none of '{}'",
                        names[label]));
    }
  }

  std::string head_ = "logistic";
  std::string tap_;
  double C_ = 1;
  double held_out_ = 0.2;
  std::string prompts_;
  double logit_scale_ = 0;
};

}  // namespace

std::unique_ptr<Protocol> make_calibration() { return std::make_unique<Calibration>(); }

}  // namespace repbench
