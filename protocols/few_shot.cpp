#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <stdexcept>

#include "datasets/text/prompts.h"
#include "protocols/crossing.h"
#include "protocols/feature_file.h"
#include "protocols/features.h"
#include "protocols/few_shot_draws.h"
#include "protocols/kinds.h"
#include "protocols/metrics.h"
#include "protocols/solvers/logistic.h"
#include "protocols/zero_shot_classifier.h"
#include "reports/statistics/intervals.h"

namespace repbench {
namespace {

struct Choice {
  std::string tap;
  double C = 0;
  double validation_accuracy = -1;  // -1: there was nothing to choose
};

/// Pictures of a draw, as rows of the features of all draws.
struct Rows {
  std::vector<int64_t> support, validation;
};

struct Features {
  FeatureSet train, test;
  int64_t classes = 0;
};

/// What all fits gave.
struct Trials {
  std::vector<std::vector<double>> accuracy;  // by shots, then seed
  std::vector<std::vector<double>> right;     // by shots, then test example: share of draws
  Json choices = Json::array();
  int64_t unfinished = 0;  // fits that stopped before the tolerance
};

Interval within_shares(const Interval& interval) {
  return {std::clamp(interval.low, 0.0, 1.0), std::clamp(interval.high, 0.0, 1.0)};
}

class FewShot final : public Protocol {
 public:
  void describe(Options& options) override {
    options.add("shots", &shots_, {.help = "training pictures of a class", .minimum = 1, .maximum = 1e6});
    options.add("seeds", &seeds_, {.help = "independent draws", .minimum = 1, .maximum = 1000});
    options.add(
        "taps", &taps_,
        {.help = "features; several: chosen on 1 to 4 other pictures a class; empty: the encoder's first"});
    options.add(
        "C", &C_,
        {.help = "inverse regularisation strength of the logistic classifier; several: chosen like taps",
         .minimum = 1e-12,
         .maximum = 1e12});
    options.add(
        "draws", &draws_,
        {.help = "folder of index files with the draws, as a report's folder draws/; empty: drawn here",
         .identity = false});
    options.add(
        "prompts", &prompts_,
        {.help = "of the zero-shot line: a set's name or a JSON file; empty: the data set's own if there "
                 "are any; off: no line"});
  }

  ProtocolResult run(const Subject& subject, const Task& task, const ProtocolContext& context) override {
    resolve(*subject.encoder);
    const bool chooses = taps_.size() * C_.size() > 1;
    const FewShotDraws draws =
        draws_.empty()
            ? few_shot_draws(*task.train, task.train_examples, shots_, seeds_, context.seed, chooses)
            : read_few_shot_draws(*task.train, draws_, shots_, seeds_, context.seed, chooses);
    const std::optional<ZeroShotClassifier> words = classifier_of_words(subject, *task.test, context);
    const Features features = extract(subject, task, draws.all, words.has_value(), context);
    const auto start = std::chrono::steady_clock::now();
    const Trials trials = fit_all(features, draws, context);
    const std::chrono::duration<double> solved = std::chrono::steady_clock::now() - start;

    Record record;
    record.outcomes = {task.test->class_names(), {picture_table(features.test.ids, features.test.labels)}};
    add_metrics(trials, features.test.labels.size(0), features.classes, record);
    record.resolved["taps"] = taps_;
    record.resolved["C"] = C_;
    if (!trials.choices.empty()) record.resolved["choices"] = trials.choices;
    for (const FewShotDraw& draw : draws.draws) {
      record.resolved["draw_hashes"].push_back(draw.support.back().hash);
    }
    if (words) add_zero_shot(*words, features.test, record);
    if (trials.unfinished > 0) {
      record.warnings.push_back(
          fmt::format("{} logistic fits stopped before their tolerance", trials.unfinished));
    }
    record.cost["solve_seconds"] = solved.count();
    return {std::move(record), {}, named_draws(draws, shots_, context.seed)};
  }

 private:
  void resolve(const Encoder& encoder) {
    if (shots_.empty() || C_.empty()) {
      throw std::invalid_argument(fmt::format("[few_shot] key '{}': expected at least one value; got none",
                                              shots_.empty() ? "shots" : "C"));
    }
    std::sort(shots_.begin(), shots_.end());
    shots_.erase(std::unique(shots_.begin(), shots_.end()), shots_.end());
    if (taps_.empty()) taps_ = {encoder.default_taps().front()};
  }

  std::optional<ZeroShotClassifier> classifier_of_words(const Subject& subject, const Dataset& dataset,
                                                        const ProtocolContext& context) const {
    if (prompts_ == "off") return std::nullopt;
    if (subject.features != nullptr) {
      if (prompts_.empty() && !subject.features->has_class_texts()) return std::nullopt;
      return make_zero_shot_classifier(subject, prompts_, dataset, context, "few_shot");
    }
    if (subject.encoder->text() == nullptr) return std::nullopt;
    const std::vector<std::string> known = prompt_set_names();
    const bool exists = std::find(known.begin(), known.end(), dataset.name()) != known.end();
    if (prompts_.empty() && !exists) return std::nullopt;
    return make_zero_shot_classifier(subject, prompts_, dataset, context, "few_shot");
  }

  Features extract(const Subject& subject, const Task& task, const IndexList& drawn, bool projected,
                   const ProtocolContext& context) const {
    Features features;
    features.classes = static_cast<int64_t>(task.train->class_names().size());
    features.train = extract_features(subject, task.train, drawn, task.view, taps_, context);
    std::vector<std::string> taps = taps_;
    if (projected && std::find(taps.begin(), taps.end(), "projected") == taps.end()) {
      taps.emplace_back("projected");
    }
    features.test = extract_features(subject, task.test, task.test_examples, task.view, taps, context);
    return features;
  }

  Trials fit_all(const Features& features, const FewShotDraws& draws, const ProtocolContext& context) const {
    Trials trials;
    trials.accuracy.resize(shots_.size());
    trials.right.assign(shots_.size(), std::vector<double>(features.test.ids.size(), 0));
    const auto total = static_cast<int64_t>(draws.draws.size() * shots_.size());
    int64_t done = 0;
    for (size_t s = 0; s < draws.draws.size(); ++s) {
      const FewShotDraw& draw = draws.draws[s];
      for (size_t i = 0; i < shots_.size(); ++i) {
        Rows rows{positions_in(draws.all, draw.support[i]), {}};
        if (!draw.validation.empty()) rows.validation = positions_in(draws.all, draw.validation[i]);
        const Choice choice = choose(features, rows, trials);
        const at::Tensor scores = fit_and_score(features, choice.tap, rows.support,
                                                features.test.by_tap.at(choice.tap), {choice.C}, trials);
        add(classify(scores[0], features.test.labels), i, trials);
        if (choice.validation_accuracy >= 0) {
          trials.choices.push_back({{"seed", context.seed + s},
                                    {"shots", shots_[i]},
                                    {"tap", choice.tap},
                                    {"C", choice.C},
                                    {"validation_accuracy", choice.validation_accuracy}});
        }
        context.progress("few-shot fits", ++done, total);
      }
    }
    for (std::vector<double>& column : trials.right) {
      for (double& count : column) count /= static_cast<double>(draws.draws.size());
    }
    return trials;
  }

  /// `right` counts draws until all are done.
  static void add(const Classification& result, size_t shots, Trials& trials) {
    trials.accuracy[shots].push_back(result.accuracy());
    for (size_t i = 0; i < result.is_correct.size(); ++i) trials.right[shots][i] += result.is_correct[i];
  }

  /// The best (tap, C) on the validation shots; equal accuracies: the earlier tap, then the earlier C.
  Choice choose(const Features& features, const Rows& rows, Trials& trials) const {
    if (rows.validation.empty()) return {taps_.front(), C_.front(), -1};
    Choice best;
    const at::Tensor labels = rows_of(features.train.labels, rows.validation);
    for (const std::string& tap : taps_) {
      const at::Tensor scores = fit_and_score(
          features, tap, rows.support, rows_of(features.train.by_tap.at(tap), rows.validation), C_, trials);
      for (size_t i = 0; i < C_.size(); ++i) {
        const double accuracy = classify(scores[static_cast<int64_t>(i)], labels).accuracy();
        if (accuracy > best.validation_accuracy) best = {tap, C_[i], accuracy};
      }
    }
    return best;
  }

  /// Scores [m, N, K] of `others`, standardised by the support alone, one m a C.
  static at::Tensor fit_and_score(const Features& features, const std::string& tap,
                                  const std::vector<int64_t>& support, const at::Tensor& others,
                                  const std::vector<double>& C, Trials& trials) {
    const at::Tensor x = rows_of(features.train.by_tap.at(tap), support);
    const Standardiser standardiser = Standardiser::fit(x);
    const LogisticSolution solution =
        solve_logistic({standardiser.apply(x), rows_of(features.train.labels, support), features.classes, C});
    for (const double norm : solution.gradient_norm) trials.unfinished += norm > LogisticOptions().tolerance;
    return logistic_scores(solution, standardiser.apply(others));
  }

  /// Each number of shots: mean over draws, the error of that mean, Student's t interval; and the curve of
  /// mean and deviation.
  void add_metrics(const Trials& trials, int64_t tested, int64_t classes, Record& record) const {
    Curve curve = empty_curve("few-shot");
    for (size_t i = 0; i < shots_.size(); ++i) {
      const MeanAndDeviation spread = mean_and_deviation(trials.accuracy[i]);
      Metric metric;
      metric.name = fmt::format("accuracy_{}_shot", shots_[i]);
      metric.value = spread.mean;
      metric.headline = i + 1 == shots_.size();
      metric.n = spread.n * tested;
      if (spread.n > 1) {  // one draw says nothing about others
        metric.standard_error = spread.standard_deviation / std::sqrt(static_cast<double>(spread.n));
        metric.interval = within_shares(spread.interval);
      }
      metric.chance = 1.0 / static_cast<double>(classes);
      metric.ceiling = 1;
      metric.column = fmt::format("correct_{}_shot", shots_[i]);
      metric.repetitions = {"draw", trials.accuracy[i]};
      record.outcomes->tables.front().columns[metric.column] = trials.right[i];
      record.metrics.push_back(std::move(metric));
      curve.y.push_back(spread.mean);
      curve.intervals.push_back(
          within_shares({spread.mean - spread.standard_deviation, spread.mean + spread.standard_deviation}));
      record.resolved["deviation_by_shots"][std::to_string(shots_[i])] = spread.standard_deviation;
    }
    record.curves.push_back(std::move(curve));
  }

  /// Numbers of shots are drawn at equal distances: they double.
  Curve empty_curve(const std::string& name) const {
    Curve curve;
    curve.name = name;
    curve.x_label = "training pictures of a class";
    curve.y_label = fmt::format("accuracy (few-shot: mean ± deviation of {} draws)", seeds_);
    for (const int64_t shots : shots_) {
      curve.x.push_back(static_cast<double>(shots));
      curve.x_ticks.push_back(std::to_string(shots));
    }
    return curve;
  }

  void add_zero_shot(const ZeroShotClassifier& words, const FeatureSet& test, Record& record) const {
    const Classification result = classify(cosines(test.by_tap.at("projected"), words.ensemble), test.labels);
    Metric metric = classification_metrics(result).front();
    metric.name = "accuracy_zero_shot";
    metric.headline = false;
    metric.column = "correct_zero_shot";
    record.outcomes->tables.front().columns[metric.column] = column_of(result.is_correct);
    const Curve few = record.curves.front();
    Curve line = empty_curve("zero-shot");
    line.y.assign(few.x.size(), metric.value);
    line.intervals.assign(few.x.size(), metric.interval.value());
    const Crossing crossing = first_crossing(few.x, few.y, metric.value);
    record.resolved["zero_shot"] = words.resolved;
    record.resolved["crossing_shots"] = crossing.x ? Json(*crossing.x) : Json(nullptr);
    record.resolved["crossing"] = crossing.where;
    record.warnings.insert(record.warnings.end(), words.warnings.begin(), words.warnings.end());
    record.metrics.push_back(std::move(metric));
    record.curves.push_back(std::move(line));
  }

  std::vector<int64_t> shots_ = {1, 2, 4, 8, 16};
  int64_t seeds_ = 5;
  std::vector<std::string> taps_;
  std::vector<double> C_ = {1};
  std::string draws_;
  std::string prompts_;
};

}  // namespace

std::unique_ptr<Protocol> make_few_shot() { return std::make_unique<FewShot>(); }

}  // namespace repbench
