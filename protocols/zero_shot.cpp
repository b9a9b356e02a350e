#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "files/hash.h"
#include "protocols/class_subset.h"
#include "protocols/features.h"
#include "protocols/kinds.h"
#include "protocols/metrics.h"
#include "protocols/paper_metrics.h"
#include "protocols/probe_data.h"
#include "protocols/probe_scores.h"
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

/// The test pictures of the classes that are judged.
struct Judged {
  at::Tensor features, labels;  // [N, E]; [N] places among these classes
  std::vector<std::string> ids, class_names;
  ClassSubset subset;

  /// By a unit vector for each class of the data set.
  Classification by(const at::Tensor& unit_vectors) const {
    return classify(subset.columns(cosines(features, unit_vectors)), labels);
  }
};

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
    options.add("compare", &compare_,
                {.help = "other sets of prompts, named as in prompts: the accuracy of each on the same "
                         "pictures, and the p-value of its difference from the headline"});
    options.add("classes", &classes_,
                {.help = "those that are judged and can be predicted: names, numbers, or a JSON file with a "
                         "list of these; empty: all"});
    options.add("headline", &headline_,
                {.help = "a metric's name, or paper: what papers report on the data set; empty: accuracy, of "
                         "several classes a picture mean_average_precision"});
  }

  bool takes_several_labels() const override { return true; }

  ProtocolResult run(const Subject& subject, const Task& task, const ProtocolContext& context) override {
    const ClassSubset subset = class_subset(classes_, *task.test, "zero_shot");
    check_compared(subject);
    if (!headline_.empty()) check_headline(headline_, task.test->name(), "zero_shot");
    const ZeroShotClassifier classifier =
        make_zero_shot_classifier(subject, prompts_, *task.test, context, "zero_shot");
    std::vector<ZeroShotClassifier> others;
    for (const std::string& prompts : compare_) {
      others.push_back(make_zero_shot_classifier(subject, prompts, *task.test, context, "zero_shot"));
    }
    if (!classifier.single.defined() && templates_ == "single") {
      throw std::invalid_argument(
          "[zero_shot] key 'templates': expected 'ensemble' with a file of features, or with texts of "
          "each class's own; got 'single'");
    }
    if (const Truth truth = truth_of(*task.test, task.test_examples); truth.several())
      return rank_pictures(classifier, truth, subset, subject, task, context);
    const Judged judged = judged_pictures(subject, task, subset, context);
    ProtocolResult result;
    Record& record = result.record;
    record.resolved = classifier.resolved;
    record.warnings = classifier.warnings;
    const bool by_ensemble = templates_ == "ensemble";
    const Classification headline = judged.by(by_ensemble ? classifier.ensemble : classifier.single);
    report(headline, judged, record);
    if (classifier.single.defined()) compare_templates(headline, classifier, judged, record);
    compare_sets(headline, others, judged, record);
    if (!others.empty()) result.file_hashes["compare"] = hash_of_prompts(others);
    if (!headline_.empty()) set_headline(record, task.test->name(), headline_, "zero_shot");
    if (!subset.is_all()) {
      record.resolved["classes"] = subset.classes.size();
      record.resolved["classes_of"] = task.test->class_names().size();
      result.file_hashes["classes"] = subset.sha256;
    }
    return result;
  }

 private:
  void check_compared(const Subject& subject) const {
    if (compare_.empty() || subject.features == nullptr) return;
    throw std::invalid_argument(
        fmt::format("[zero_shot] key 'compare': expected none with a file of features, whose texts are "
                    "encoded; got '{}'",
                    fmt::join(compare_, ", ")));
  }

  /// Several classes a picture: how well each class puts its pictures before the others, by a softmax over
  /// the classes, without which scores of different pictures do not compare.
  ProtocolResult rank_pictures(const ZeroShotClassifier& classifier, const Truth& truth,
                               const ClassSubset& subset, const Subject& subject, const Task& task,
                               const ProtocolContext& context) const {
    if (!subset.is_all() || !compare_.empty()) {
      throw std::invalid_argument(
          fmt::format("[zero_shot] key '{}': expected none where pictures have several classes; got some",
                      compare_.empty() ? "classes" : "compare"));
    }
    constexpr double kLogitScale = 100;  // CLIP's, and of features whose encoder is not known
    const std::vector<std::string> taps = {"projected"};
    const FeatureSet test =
        extract_features(subject, task.test, task.test_examples, task.view, taps, context);
    const double scale = subject.features == nullptr ? subject.encoder->text()->scale() : kLogitScale;
    const at::Tensor logits =
        scale * cosines(test.by_tap.at("projected"),
                        templates_ == "single" ? classifier.single : classifier.ensemble);
    ProtocolResult result{probe_record(at::softmax(logits, 1), truth, test.ids, task.test->class_names())};
    result.record.resolved = classifier.resolved;
    result.record.resolved["logit_scale"] = scale;
    result.record.warnings = classifier.warnings;
    if (!headline_.empty()) set_headline(result.record, task.test->name(), headline_, "zero_shot");
    return result;
  }

  static Judged judged_pictures(const Subject& subject, const Task& task, const ClassSubset& subset,
                                const ProtocolContext& context) {
    const std::vector<std::string> taps = {"projected"};
    FeatureSet test = extract_features(subject, task.test, task.test_examples, task.view, taps, context);
    return {test.by_tap.at("projected"), subset.labels_within(test.labels, test.ids, *task.test, "zero_shot"),
            std::move(test.ids), subset.is_all() ? task.test->class_names() : subset.names, subset};
  }

  static void report(const Classification& result, const Judged& judged, Record& record) {
    record.metrics = classification_metrics(result);
    record.outcomes = classification_outcomes(result, judged.labels, judged.ids, judged.class_names);
    check_for_permutation(result, judged.labels, record);
  }

  /// The ensemble and its first template, whichever is the headline.
  void compare_templates(const Classification& headline, const ZeroShotClassifier& classifier,
                         const Judged& judged, Record& record) const {
    const bool by_ensemble = templates_ == "ensemble";
    const Classification other = judged.by(by_ensemble ? classifier.single : classifier.ensemble);
    report_beside(other, by_ensemble ? "single_prompt" : "ensemble", record);
    const Classification &ensemble = by_ensemble ? headline : other, &single = by_ensemble ? other : headline;
    const PairedCounts counts = paired_counts(ensemble.is_correct, single.is_correct);
    record.resolved["ensemble_against_single_prompt"] = {
        {"only_ensemble_correct", counts.only_a},
        {"only_single_correct", counts.only_b},
        {"mcnemar_mid_p", mcnemar_mid_p(counts.only_a, counts.only_b)}};
  }

  /// Each other set of prompts, all its templates together, against the headline.
  static void compare_sets(const Classification& headline, const std::vector<ZeroShotClassifier>& others,
                           const Judged& judged, Record& record) {
    for (const ZeroShotClassifier& other : others) {
      const std::string& set = other.prompts.set;
      if (record.find("accuracy_prompts_" + set) != nullptr) {
        throw std::invalid_argument(
            fmt::format("[zero_shot] key 'compare': expected sets of different names; got '{}' twice", set));
      }
      const Classification result = judged.by(other.ensemble);
      report_beside(result, "prompts_" + set, record);
      const PairedCounts counts = paired_counts(headline.is_correct, result.is_correct);
      Json words = other.resolved;
      words["only_headline_correct"] = counts.only_a;
      words["only_this_correct"] = counts.only_b;
      words["mcnemar_mid_p"] = mcnemar_mid_p(counts.only_a, counts.only_b);
      record.resolved["compared"][set] = std::move(words);
      for (const std::string& warning : other.warnings) {
        if (std::find(record.warnings.begin(), record.warnings.end(), warning) == record.warnings.end())
          record.warnings.push_back(warning);
      }
    }
  }

  static std::string hash_of_prompts(const std::vector<ZeroShotClassifier>& sets) {
    Sha256 hash;
    for (const ZeroShotClassifier& set : sets) {
      hash.update(
          fmt::format("{}\t{}\n", set.prompts.set, set.resolved.at("prompts_sha256").get<std::string>()));
    }
    return hash.hex();
  }

  /// In a column of its own.
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
  std::vector<std::string> compare_;
  std::string headline_;
  std::vector<std::string> classes_;
};

}  // namespace

std::unique_ptr<Protocol> make_zero_shot() { return std::make_unique<ZeroShot>(); }

}  // namespace repbench
