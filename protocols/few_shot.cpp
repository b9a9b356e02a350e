#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <optional>
#include <stdexcept>

#include "datasets/text/prompts.h"
#include "protocols/feature_file.h"
#include "protocols/features.h"
#include "protocols/few_shot_draws.h"
#include "protocols/few_shot_fits.h"
#include "protocols/few_shot_report.h"
#include "protocols/kinds.h"
#include "protocols/metrics.h"
#include "protocols/unused_settings.h"
#include "protocols/zero_shot_classifier.h"

namespace repbench {
namespace {

/// What was chosen for one draw, and the classifier that learned it.
struct Choice {
  std::string tap;
  size_t strength = 0;
  double validation_accuracy = -1;  // -1: there was nothing to choose
  ShotScores scores;
};

struct Features {
  FeatureSet train;  // of the examples in `rows`
  IndexList rows;
  FeatureSet validation;  // of a validation split, if there is one
  FeatureSet test;
  int64_t classes = 0;
};

Support part_of(const Support& whole, const std::vector<int64_t>& rows) {
  return {rows_of(whole.features, rows), rows_of(whole.labels, rows)};
}

class FewShot final : public Protocol {
 public:
  void describe(Options& options) override {
    options.add("shots", &shots_, {.help = "training pictures of a class", .minimum = 1, .maximum = 1e6});
    options.add("seeds", &seeds_, {.help = "independent draws", .minimum = 1, .maximum = 1000});
    options.add("classifier", &classifier_,
                {.help = "logistic; ridge: big_vision's closed form; nearest_mean: cosine with class means; "
                         "text_init: gradient descent from the class texts",
                 .choices = {"logistic", "ridge", "nearest_mean", "text_init"}});
    options.add("regularisation", &regularisation_,
                {.help = "how the strength and the tap are chosen. auto: fixed where there is one of each, "
                         "else k_shot_validation; fixed: not at all; k_shot_validation: on 1 to 4 "
                         "other pictures a class (CoOp's); paper: on the full validation set (CLIP's): more "
                         "labels than the shots",
                 .choices = {"auto", "fixed", "k_shot_validation", "paper"}});
    options.add("validation_split", &validation_split_,
                {.help = "paper: the full validation set; empty: the training pictures outside of a draw"});
    options.add("taps", &taps_, {.help = "features, several to choose from; empty: the encoder's first"});
    options.add("normalisation", &normalisation_,
                {.help = "logistic: of features: standardise (by the support), l2 (to length 1), none",
                 .choices = {"standardise", "l2", "none"}});
    options.add("C", &C_,
                {.help = "logistic: inverse regularisation strengths, several to choose from",
                 .minimum = 1e-12,
                 .maximum = 1e12});
    options.add("lambda", &lambda_, {.help = "ridge: strengths", .minimum = 1e-12, .maximum = 1e12});
    options.add("learning_rates", &rates_,
                {.help = "text_init: learning rates; 0 is zero-shot itself", .minimum = 0, .maximum = 1e6});
    options.add("text_steps", &text_steps_,
                {.help = "text_init: steps of gradient descent", .minimum = 1, .maximum = 1e6});
    options.add(
        "all_examples", &all_examples_,
        {.help = "also a classifier on all training pictures, the curve's last point (CLIP's Figure 7)"});
    options.add(
        "draws", &draws_,
        {.help = "folder of index files with the draws, as a report's folder draws/; empty: drawn here",
         .identity = false});
    options.add(
        "prompts", &prompts_,
        {.help = "of the zero-shot line: a set's name or a JSON file; empty: the data set's own if there "
                 "are any; off: no line"});
  }

  std::string validation_split() const override {
    return regularisation_ == "paper" ? validation_split_ : "";
  }

  ProtocolResult run(const Subject& subject, const Task& task, const ProtocolContext& context) override {
    resolve(*subject.encoder);
    const bool k_shot = regularisation_ == "k_shot_validation";
    const FewShotDraws draws =
        draws_.empty()
            ? few_shot_draws(*task.train, task.train_examples, shots_, seeds_, context.seed, k_shot)
            : read_few_shot_draws(*task.train, draws_, shots_, seeds_, context.seed, k_shot);
    const std::optional<ZeroShotClassifier> words = classifier_of_words(subject, *task.test, context);
    // Complains about missing texts before the tap that they need.
    const ShotSettings settings =
        shot_settings(static_cast<int64_t>(task.train->class_names().size()), words, subject);
    const Features features = extract(subject, task, draws.all, words.has_value(), context);
    const auto start = std::chrono::steady_clock::now();
    const ShotTrials trials = fit_all(features, draws, settings, context);

    Record record;
    record.outcomes = {task.test->class_names(), {picture_table(features.test.ids, features.test.labels)}};
    add_shot_metrics(trials, shots_, features.test.labels.size(0), features.classes, record);
    if (all_examples_) add_all_examples(features, task, settings, context.seed, record);
    describe_choice(trials, draws, record);
    if (words) add_zero_shot_level(*words, features.test, record);
    record.cost["solve_seconds"] =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    ProtocolResult result{std::move(record), {}, named_draws(draws, shots_, context.seed)};
    // Elsewhere words make the zero-shot line alone, which an encoder without texts does not have.
    const bool words_count = words && (classifier_ == "text_init" || !prompts_.empty());
    if (words_count && words->resolved.contains("prompts_sha256"))
      result.file_hashes["prompts"] = words->resolved["prompts_sha256"];
    return result;
  }

 private:
  const std::vector<double>& strengths() const {
    static const std::vector<double> kNone = {0};
    return classifier_ == "logistic"    ? C_
           : classifier_ == "ridge"     ? lambda_
           : classifier_ == "text_init" ? rates_
                                        : kNone;
  }
  const char* strength_name() const {
    return classifier_ == "ridge" ? "lambda" : classifier_ == "text_init" ? "learning_rates" : "C";
  }

  void refuse_unused_settings() {
    std::vector<std::string> unused;
    if (classifier_ != "logistic") unused.insert(unused.end(), {"C", "normalisation"});
    if (classifier_ != "ridge") unused.emplace_back("lambda");
    if (classifier_ != "text_init") unused.insert(unused.end(), {"learning_rates", "text_steps"});
    FewShot plain;
    refuse_unused(*this, plain, unused, "few_shot", "with classifier=" + classifier_);
  }

  void resolve(const Encoder& encoder) {
    refuse_unused_settings();
    const auto refuse = [](const char* key, const std::string& what) {
      throw std::invalid_argument(fmt::format("[few_shot] key '{}': expected {}", key, what));
    };
    if (shots_.empty()) refuse("shots", "at least one value; got none");
    if (strengths().empty()) refuse(strength_name(), "at least one value; got none");
    std::sort(shots_.begin(), shots_.end());
    shots_.erase(std::unique(shots_.begin(), shots_.end()), shots_.end());
    if (taps_.empty()) taps_ = {classifier_ == "text_init" ? "projected" : encoder.default_taps().front()};
    if (classifier_ == "text_init" && taps_ != std::vector<std::string>{"projected"})
      refuse("taps", "'projected' alone with text_init, whose texts lie there; got others");
    if (regularisation_ == "auto")
      regularisation_ = taps_.size() * strengths().size() > 1 ? "k_shot_validation" : "fixed";
    if (regularisation_ == "fixed" && taps_.size() * strengths().size() > 1)
      refuse("regularisation",
             fmt::format("k_shot_validation or paper, to choose among {} taps and {} values of {}; got fixed",
                         taps_.size(), strengths().size(), strength_name()));
    if (regularisation_ != "paper" && !validation_split_.empty())
      refuse("validation_split", "none unless regularisation=paper; got '" + validation_split_ + "'");
  }

  ShotSettings shot_settings(int64_t classes, const std::optional<ZeroShotClassifier>& words,
                             const Subject& subject) const {
    ShotSettings settings{.classifier = classifier_,
                          .normalisation = normalisation_,
                          .classes = classes,
                          .class_texts = {},
                          .text_steps = text_steps_};
    if (classifier_ != "text_init") return settings;
    if (!words) {
      throw std::invalid_argument(
          "[few_shot] key 'classifier': text_init: expected an encoder with texts, and prompts for the data "
          "set; got none");
    }
    settings.class_texts = words->ensemble;
    if (subject.features == nullptr) settings.scale = subject.encoder->text()->scale();
    return settings;
  }

  /// Rows that settings are chosen on must be in no draw of the same seed.
  bool uses_other_training_rows() const { return regularisation_ == "paper" && validation_split_.empty(); }

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
    features.rows = all_examples_ || uses_other_training_rows() ? task.train_examples : drawn;
    features.train = extract_features(subject, task.train, features.rows, task.view, taps_, context);
    if (task.validation) {
      features.validation =
          extract_features(subject, task.validation, task.validation_examples, task.view, taps_, context);
    }
    std::vector<std::string> taps = taps_;
    if (projected && std::find(taps.begin(), taps.end(), "projected") == taps.end()) {
      taps.emplace_back("projected");
    }
    features.test = extract_features(subject, task.test, task.test_examples, task.view, taps, context);
    return features;
  }

  /// All numbers of shots and draws are one batch.
  ShotTrials fit_all(const Features& features, const FewShotDraws& draws, const ShotSettings& settings,
                     const ProtocolContext& context) const {
    ShotTrials trials;
    trials.accuracy.resize(shots_.size());
    trials.right.assign(shots_.size(), std::vector<double>(features.test.ids.size(), 0));
    const std::vector<Choice> choices = choose(features, draws, settings, trials, context);
    for (size_t c = 0; c < choices.size(); ++c) {
      const size_t shots = c / draws.draws.size(), draw = c % draws.draws.size();
      const Choice& choice = choices[c];
      add(classify(choice.scores(choice.strength, features.test.by_tap.at(choice.tap)), features.test.labels),
          shots, trials);
      if (choice.validation_accuracy < 0) continue;
      trials.choices.push_back({{"seed", context.seed + draw},
                                {"shots", shots_[shots]},
                                {"tap", choice.tap},
                                {strength_name(), strengths()[choice.strength]},
                                {"validation_accuracy", choice.validation_accuracy}});
    }
    for (std::vector<double>& column : trials.right) {
      for (double& count : column) count /= static_cast<double>(draws.draws.size());
    }
    return trials;
  }

  /// For each number of shots and each draw the best (tap, strength); equal accuracies: the earlier tap, then
  /// the earlier strength.
  std::vector<Choice> choose(const Features& features, const FewShotDraws& draws,
                             const ShotSettings& settings, ShotTrials& trials,
                             const ProtocolContext& context) const {
    std::vector<Choice> best(shots_.size() * draws.draws.size());
    int64_t done = 0;
    for (const std::string& tap : taps_) {
      const Support train{features.train.by_tap.at(tap), features.train.labels};
      std::vector<Support> supports;
      for (size_t c = 0; c < best.size(); ++c) {
        const FewShotDraw& draw = draws.draws[c % draws.draws.size()];
        supports.push_back(part_of(train, positions_in(features.rows, draw.support[c / draws.draws.size()])));
      }
      const std::vector<ShotScores> fits = fit_shots(settings, supports, strengths(), trials.unfinished);
      for (size_t c = 0; c < fits.size(); ++c) {
        if (regularisation_ == "fixed") {
          best[c] = {tap, 0, -1, fits[c]};
          continue;
        }
        const Support held =
            validation_of(features, draws.draws[c % draws.draws.size()], c / draws.draws.size(), tap);
        for (size_t m = 0; m < strengths().size(); ++m) {
          const double accuracy = classify(fits[c](m, held.features), held.labels).accuracy();
          if (accuracy > best[c].validation_accuracy) best[c] = {tap, m, accuracy, fits[c]};
        }
      }
      context.progress("taps", ++done, std::ssize(taps_));
    }
    return best;
  }

  Support validation_of(const Features& features, const FewShotDraw& draw, size_t shots,
                        const std::string& tap) const {
    if (!validation_split_.empty()) return {features.validation.by_tap.at(tap), features.validation.labels};
    std::vector<int64_t> rows;
    if (regularisation_ == "k_shot_validation") {
      rows = positions_in(features.rows, draw.validation[shots]);
    } else {
      std::vector<bool> drawn(static_cast<size_t>(features.rows.size()), false);
      for (const IndexList& support : draw.support) {  // somebody else's need not be nested
        for (const int64_t row : positions_in(features.rows, support)) drawn[static_cast<size_t>(row)] = true;
      }
      for (int64_t row = 0; row < features.rows.size(); ++row) {
        if (!drawn[static_cast<size_t>(row)]) rows.push_back(row);
      }
      if (rows.empty())
        throw std::invalid_argument(
            "[few_shot] key 'regularisation': paper: expected training pictures outside of the draws to "
            "choose on; got none");
    }
    return part_of({features.train.by_tap.at(tap), features.train.labels}, rows);
  }

  void describe_choice(const ShotTrials& trials, const FewShotDraws& draws, Record& record) const {
    record.resolved["taps"] = taps_;
    record.resolved["regularisation"] = regularisation_;
    record.resolved["trials"] = taps_.size() * strengths().size() * draws.draws.size() * shots_.size();
    if (classifier_ != "nearest_mean") record.resolved[strength_name()] = strengths();
    if (!trials.choices.empty()) record.resolved["choices"] = trials.choices;
    for (const FewShotDraw& draw : draws.draws) {
      record.resolved["draw_hashes"].push_back(draw.support.back().hash);
    }
    if (regularisation_ == "paper")
      record.warnings.emplace_back(
          "settings were chosen on the full validation set, as the CLIP paper does: more labels than the "
          "shots");
    if (trials.unfinished > 0)
      record.warnings.push_back(
          fmt::format("{} logistic fits stopped before their tolerance", trials.unfinished));
  }

  /// The end of the curve, where nothing is drawn. Settings are chosen on a tenth of the training pictures,
  /// or on the validation split.
  void add_all_examples(const Features& features, const Task& task, const ShotSettings& settings,
                        uint64_t seed, Record& record) const {
    Choice best{.tap = taps_.front(), .scores = {}};
    int64_t unfinished = 0;
    const SelectionSplit split = selection_split(*task.train, features.rows, 0.1, seed);
    for (const std::string& tap : taps_) {
      if (taps_.size() * strengths().size() == 1) break;
      const Support whole{features.train.by_tap.at(tap), features.train.labels};
      const bool own_split = !validation_split_.empty();
      const Support kept = own_split ? whole : part_of(whole, split.kept);
      const Support held = own_split ? Support{features.validation.by_tap.at(tap), features.validation.labels}
                                     : part_of(whole, split.held_out);
      const ShotScores fits = fit_shots(settings, {&kept, 1}, strengths(), unfinished).front();
      for (size_t m = 0; m < strengths().size(); ++m) {
        const double accuracy = classify(fits(m, held.features), held.labels).accuracy();
        if (accuracy > best.validation_accuracy) best = {tap, m, accuracy, {}};
      }
    }
    const Support whole{features.train.by_tap.at(best.tap), features.train.labels};
    const ShotScores fits =
        fit_shots(settings, {&whole, 1}, {strengths()[best.strength]}, unfinished).front();
    add_last_point(classify(fits(0, features.test.by_tap.at(best.tap)), features.test.labels),
                   static_cast<double>(whole.labels.size(0)) / static_cast<double>(features.classes), record);
  }

  /// `right` counts draws until all are done.
  static void add(const Classification& result, size_t shots, ShotTrials& trials) {
    trials.accuracy[shots].push_back(result.accuracy());
    for (size_t i = 0; i < result.is_correct.size(); ++i) trials.right[shots][i] += result.is_correct[i];
  }

  std::vector<int64_t> shots_ = {1, 2, 4, 8, 16};
  int64_t seeds_ = 5;
  std::vector<std::string> taps_;
  std::string classifier_ = "logistic", regularisation_ = "auto", validation_split_;
  std::vector<double> C_ = {1}, lambda_ = {1024}, rates_ = {1};
  int64_t text_steps_ = 100;
  std::string normalisation_ = "standardise";
  bool all_examples_ = false;
  std::string draws_;
  std::string prompts_;
};

}  // namespace

std::unique_ptr<Protocol> make_few_shot() { return std::make_unique<FewShot>(); }

}  // namespace repbench
