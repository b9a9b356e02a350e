#include <ATen/ATen.h>
#include <fmt/format.h>

#include <stdexcept>

#include "protocols/features.h"
#include "protocols/kinds.h"
#include "protocols/metrics.h"
#include "protocols/zero_shot_classifier.h"
#include "reports/statistics/paired.h"

namespace repbench {
namespace {

/// Is this accuracy what guessing may give? Its 99.9 % Wilson interval contains chance, or it is less than
/// half as much again.
bool is_near_chance(const Classification& result, double chance) {
  constexpr double kQuantile = 3.2905267314919255;
  const double away = result.accuracy() - chance;
  const double limit = kQuantile * kQuantile * chance * (1 - chance) / static_cast<double>(result.n);
  return away * away <= limit || result.accuracy() < 1.5 * chance;
}

/// A bad score of a good classifier whose classes are called by each other's names.
void check_for_permutation(const Classification& result, const at::Tensor& labels, Record& record) {
  const auto classes = static_cast<int64_t>(result.class_n.size());
  if (!is_near_chance(result, 1.0 / static_cast<double>(classes))) return;
  const double best = best_permuted_accuracy(result.predictions, labels, classes);
  record.resolved["best_permuted_accuracy"] = best;
  if (best < 0.5 || best < 3 * result.accuracy()) return;
  record.warnings.push_back(
      fmt::format("class names look permuted: accuracy is {:.1f} %, under the best one-to-one relabelling of "
                  "the classes {:.1f} %; compare the order of the class names with that of the labels",
                  100 * result.accuracy(), 100 * best));
}

class ZeroShot final : public Protocol {
 public:
  void describe(Options& options) override {
    options.add(
        "prompts", &prompts_,
        {.help = "templates and class names: a set's name, none (class names as they are) or a JSON file; "
                 "empty: the data set's own, else 'a photo of a {}.'"});
    options.add("templates", &templates_,
                {.help = "the headline: all templates together, or the first alone",
                 .choices = {"ensemble", "single"}});
  }

  ProtocolResult run(const Subject& subject, const Task& task, const ProtocolContext& context) override {
    const ZeroShotClassifier classifier =
        make_zero_shot_classifier(subject, prompts_, *task.test, context, "zero_shot");
    const std::vector<std::string> taps = {"projected"};
    const FeatureSet test =
        extract_features(subject, task.test, task.test_examples, task.view, taps, context);
    const at::Tensor& features = test.by_tap.at("projected");
    const Classification ensemble = classify(cosines(features, classifier.ensemble), test.labels);
    Record record;
    record.resolved = classifier.resolved;
    record.warnings = classifier.warnings;
    if (!classifier.single.defined()) {
      if (templates_ == "single") {
        throw std::invalid_argument(
            "[zero_shot] key 'templates': expected 'ensemble' with a file of features, or with texts of "
            "each class's own; got 'single'");
      }
      report(ensemble, test, *task.test, record);
      return {std::move(record), {}};
    }
    const Classification single = classify(cosines(features, classifier.single), test.labels);
    const bool by_ensemble = templates_ == "ensemble";
    report(by_ensemble ? ensemble : single, test, *task.test, record);
    report_beside(by_ensemble ? single : ensemble, by_ensemble ? "single_prompt" : "ensemble", record);
    const PairedCounts counts = paired_counts(ensemble.is_correct, single.is_correct);
    record.resolved["ensemble_against_single_prompt"] = {
        {"only_ensemble_correct", counts.only_a},
        {"only_single_correct", counts.only_b},
        {"mcnemar_mid_p", mcnemar_mid_p(counts.only_a, counts.only_b)}};
    return {std::move(record), {}};
  }

 private:
  static void report(const Classification& result, const FeatureSet& test, const Dataset& dataset,
                     Record& record) {
    record.metrics = classification_metrics(result);
    record.outcomes = classification_outcomes(result, test.labels, test.ids, dataset.class_names());
    check_for_permutation(result, test.labels, record);
  }

  /// The other of the two classifiers, in a column of its own.
  static void report_beside(const Classification& result, const std::string& name, Record& record) {
    Metric metric = classification_metrics(result).front();
    metric.name = "accuracy_" + name;
    metric.column = "correct_" + name;
    metric.headline = false;
    record.outcomes->tables.front().columns[metric.column] = column_of(result.is_correct);
    record.metrics.push_back(std::move(metric));
  }

  std::string prompts_;
  std::string templates_ = "ensemble";
};

}  // namespace

std::unique_ptr<Protocol> make_zero_shot() { return std::make_unique<ZeroShot>(); }

}  // namespace repbench
