#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "protocols/features.h"
#include "protocols/kinds.h"
#include "protocols/metrics.h"
#include "protocols/sgd_probe.h"
#include "protocols/solvers/logistic.h"
#include "protocols/solvers/ridge.h"

namespace repbench {
namespace {

/// Scores [m, N, K] of the m regularisation strengths, fitted on one set and applied to another.
struct Fit {
  at::Tensor scores;
  std::vector<double> gradient_norm;  // certificates of the logistic solver; empty for ridge
};

struct Choice {
  std::string tap;
  double strength = 0;  // C or lambda
  double validation_accuracy = -1;
  int64_t trials = 0;
};

class LinearProbe final : public Protocol {
 public:
  void describe(Options& options) override {
    options.add(
        "classifier", &classifier_,
        {.help = "logistic (multinomial, scikit-learn's objective), ridge (closed form) or sgd (gradient "
                 "descent)",
         .choices = {"logistic", "ridge", "sgd"}});
    options.add("taps", &taps_,
                {.help = "features to choose from on held-out train; empty: the encoder's own list"});
    options.add("C", &C_,
                {.help = "logistic: inverse regularisation strengths to choose from",
                 .minimum = 1e-12,
                 .maximum = 1e12});
    options.add("lambda", &lambda_,
                {.help = "ridge: strengths to choose from", .minimum = 1e-12, .maximum = 1e12});
    options.add("standardise", &standardise_, {.help = "zero mean, unit deviation by the training features"});
    options.add("held_out", &held_out_,
                {.help = "share of train held out for choosing", .minimum = 0.01, .maximum = 0.9});
    options.add("tolerance", &tolerance_,
                {.help = "logistic: largest gradient entry of the mean objective",
                 .minimum = 1e-14,
                 .maximum = 1e-2});
    options.add("gap", &gap_,
                {.help = "logistic: largest relative distance from the optimal objective",
                 .minimum = 1e-12,
                 .maximum = 1e-1});
    options.add("max_iterations", &max_iterations_,
                {.help = "logistic: L-BFGS iterations", .minimum = 1, .maximum = 1e6});
    options.add_group("sgd", sgd_);
  }

  ProtocolResult run(const Subject& subject, const Task& task, const ProtocolContext& context) override {
    const std::vector<std::string> taps = taps_.empty() ? subject.encoder->default_taps() : taps_;
    if (classifier_ == "sgd") return sgd_.run(subject, task, context, taps);
    if (strengths().empty()) {
      throw std::invalid_argument(
          fmt::format("[linear_probe] key '{}': expected at least one value; got none", strength_name()));
    }
    const FeatureSet train =
        extract_features(subject, task.train, task.train_examples, task.view, taps, context);
    const FeatureSet test =
        extract_features(subject, task.test, task.test_examples, task.view, taps, context);
    const auto classes = static_cast<int64_t>(task.train->class_names().size());
    const auto start = std::chrono::steady_clock::now();
    const SelectionSplit split = selection_split(*task.train, task.train_examples, held_out_, context.seed);
    const Choice choice = choose(train, taps, split, classes, context);
    const Fit fit = fit_and_score(train.by_tap.at(choice.tap), train.labels, test.by_tap.at(choice.tap),
                                  classes, {choice.strength});
    const Classification result = classify(fit.scores[0], test.labels);

    Record record;
    record.metrics = classification_metrics(result);
    record.outcomes = classification_outcomes(result, test.labels, test.ids, task.test->class_names());
    record.resolved = {{"tap", choice.tap},
                       {strength_name(), choice.strength},
                       {"validation_accuracy", choice.validation_accuracy},
                       {"trials", choice.trials},
                       {"taps_tried", taps},
                       {"parameters_trained", classes * (train.by_tap.at(choice.tap).size(1) + 1)}};
    if (!fit.gradient_norm.empty()) {
      record.resolved["gradient_norm"] = fit.gradient_norm[0];
      if (fit.gradient_norm[0] > tolerance_) {
        record.warnings.push_back(fmt::format("logistic stopped at gradient {:.1e}, tolerance {:.1e}",
                                              fit.gradient_norm[0], tolerance_));
      }
    }
    const auto [least, most] = std::minmax_element(strengths().begin(), strengths().end());
    if (*least < *most && (choice.strength == *least || choice.strength == *most)) {
      record.warnings.push_back(
          fmt::format("the chosen {} = {} is at the edge of its grid", strength_name(), choice.strength));
    }
    record.cost["solve_seconds"] =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return {std::move(record)};
  }

 private:
  const char* strength_name() const { return classifier_ == "ridge" ? "lambda" : "C"; }
  const std::vector<double>& strengths() const { return classifier_ == "ridge" ? lambda_ : C_; }

  /// The best (tap, strength) on held-out train; equal accuracies: the earlier tap, then the earlier
  /// strength.
  Choice choose(const FeatureSet& train, const std::vector<std::string>& taps, const SelectionSplit& split,
                int64_t classes, const ProtocolContext& context) {
    Choice best;
    const at::Tensor kept_labels = rows_of(train.labels, split.kept),
                     held_labels = rows_of(train.labels, split.held_out);
    for (const std::string& tap : taps) {
      const at::Tensor& features = train.by_tap.at(tap);
      const Fit fit = fit_and_score(rows_of(features, split.kept), kept_labels,
                                    rows_of(features, split.held_out), classes, strengths());
      for (size_t i = 0; i < strengths().size(); ++i) {
        const double accuracy = classify(fit.scores[static_cast<int64_t>(i)], held_labels).accuracy();
        ++best.trials;
        if (accuracy > best.validation_accuracy) {
          best.tap = tap;
          best.strength = strengths()[i];
          best.validation_accuracy = accuracy;
        }
      }
      context.progress("probes", best.trials, static_cast<int64_t>(train.by_tap.size() * strengths().size()));
    }
    return best;
  }

  Fit fit_and_score(const at::Tensor& features, const at::Tensor& labels, const at::Tensor& others,
                    int64_t classes, const std::vector<double>& strengths) const {
    at::Tensor x = features, z = others;
    if (standardise_) {
      const Standardiser standardiser = Standardiser::fit(features);
      x = standardiser.apply(features);
      z = standardiser.apply(others);
    }
    if (classifier_ == "ridge") return {ridge_scores(solve_ridge(x, labels, classes, strengths), z), {}};
    const LogisticSolution solution =
        solve_logistic({x, labels, classes, strengths},
                       {.tolerance = tolerance_, .gap = gap_, .max_iterations = max_iterations_});
    return {logistic_scores(solution, z), solution.gradient_norm};
  }

  std::string classifier_ = "logistic";
  std::vector<std::string> taps_;
  std::vector<double> C_ = {1e-4, 1e-3, 1e-2, 1e-1, 1};
  std::vector<double> lambda_ = {10000, 1000, 100, 10, 1, 1e-1, 1e-2, 1e-3, 1e-4};  // ties: the stronger
  bool standardise_ = true;
  double held_out_ = 0.1;
  double tolerance_ = 1e-5;
  double gap_ = 1e-4;
  int64_t max_iterations_ = 1000;
  SgdProbe sgd_;
};

}  // namespace

std::unique_ptr<Protocol> make_linear_probe() { return std::make_unique<LinearProbe>(); }

}  // namespace repbench
