#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <stdexcept>

#include "files/hash.h"
#include "protocols/kinds.h"
#include "protocols/linear_fits.h"
#include "protocols/paper_metrics.h"
#include "protocols/probe_data.h"
#include "protocols/probe_scores.h"
#include "protocols/sgd_probe.h"
#include "protocols/solvers/ridge.h"
#include "protocols/strength_search.h"
#include "protocols/unused_settings.h"

namespace repbench {
namespace {

/// One way to see the pictures, and the strengths that were tried on it.
struct Trials {
  std::string tap, norm;
  std::vector<ScoredStrength> tried;
};

class LinearProbe final : public Protocol {
 public:
  void describe(Options& options) override {
    options.add("classifier", &fit_.classifier,
                {.help = "logistic: multinomial, scikit-learn's objective; ridge: closed form; svm, "
                         "ovr_logistic: each class against the rest (liblinear), also for several classes a "
                         "picture; sgd: gradient descent on varied pictures (keys sgd.*; of the others it "
                         "takes taps, headline and head alone)",
                 .choices = {"logistic", "ridge", "svm", "ovr_logistic", "sgd"}});
    options.add("taps", &taps_, {.help = "features to choose from; empty: the encoder's own list"});
    options.add("normalisation", &norms_,
                {.help = "of features, to choose from: standardise (by the training rows), l2 (to length 1), "
                         "none"});
    options.add("C", &C_,
                {.help = "inverse regularisation strengths to choose from; not for ridge",
                 .minimum = 1e-12,
                 .maximum = 1e12});
    options.add("lambda", &lambda_,
                {.help = "ridge: strengths to choose from", .minimum = 1e-12, .maximum = 1e12});
    options.add_group("grid", search_);
    selection_.describe(options);
    options.add(
        "headline", &headline_,
        {.help = "the headline: a metric's name, or paper: what papers report on the data set; empty: "
                 "accuracy, of several classes a picture mean_average_precision"});
    options.add(
        "report_best", &report_best_,
        {.help = "also the best of all trials on the test set itself: optimistic, never the headline"});
    options.add(
        "positive_weight", &fit_.positive_weight,
        {.help = "svm, ovr_logistic: weight of a class's own examples", .minimum = 1e-6, .maximum = 1e6});
    options.add("tolerance", &fit_.tolerance,
                {.help = "logistic: largest gradient entry of the mean objective",
                 .minimum = 1e-14,
                 .maximum = 1e-2});
    options.add("gap", &fit_.gap,
                {.help = "largest certified distance from the optimal objective, relative to it",
                 .minimum = 1e-12,
                 .maximum = 1e-1});
    options.add("max_iterations", &fit_.max_iterations,
                {.help = "logistic: L-BFGS iterations", .minimum = 1, .maximum = 1e6});
    options.add("head", &head_,
                {.help = "a head.safetensors of the same weights, view and classes: judged as it is, without "
                         "training"});
    options.add_group("sgd", sgd_);
  }

  bool takes_several_labels() const override {
    return fit_.classifier == "svm" || fit_.classifier == "ovr_logistic";
  }
  std::string validation_split() const override { return selection_.validation_split; }

  ProtocolResult run(const Subject& subject, const Task& task, const ProtocolContext& context) override {
    if (!headline_.empty()) check_headline(headline_, task.test->name(), "linear_probe");
    if (!head_.empty()) return judge_head(subject, task, context);
    const std::vector<std::string> taps = taps_.empty() ? subject.encoder->default_taps() : taps_;
    refuse_unused_settings();
    if (fit_.classifier == "sgd") {
      ProtocolResult result = sgd_.run(subject, task, context, taps);
      choose_headline(task, result.record);
      return result;
    }
    check();
    fit_.threads = static_cast<int>(context.execution.threads);
    const ProbeData data = load_probe_data(subject, task, taps, selection_, context, "linear_probe");
    const auto start = std::chrono::steady_clock::now();
    const std::vector<Trials> trials = try_all(data, taps, context);
    ProtocolResult result = judge_best(data, trials, task, subject);
    if (report_best_) add_best(data, trials, result.record);
    choose_headline(task, result.record);
    result.record.cost["solve_seconds"] =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
  }

 private:
  void choose_headline(const Task& task, Record& record) const {
    if (!headline_.empty()) set_headline(record, task.test->name(), headline_, "linear_probe");
  }

  bool ridge() const { return fit_.classifier == "ridge"; }
  const char* strength_name() const { return ridge() ? "lambda" : "C"; }

  void refuse_unused_settings() {
    std::vector<std::string> unused;
    const auto add = [&](std::initializer_list<const char*> keys) {
      unused.insert(unused.end(), keys.begin(), keys.end());
    };
    if (fit_.classifier == "sgd") {
      add({"C", "grid", "normalisation", "select_on", "held_out", "folds", "validation_split", "report_best",
           "gap"});
    } else {
      add({"sgd"});
      if (selection_.on != "folds" || !selection_.validation_split.empty()) add({"folds"});
      if (selection_.on != "held_out" || !selection_.validation_split.empty()) add({"held_out"});
      if (search_.mode == "list") add({"grid.low", "grid.high", "grid.count"});
      if (search_.mode != "list") add({"C", "lambda"});
    }
    if (!ridge()) add({"lambda"});
    if (ridge()) add({"C", "gap"});
    if (fit_.classifier != "logistic") add({"tolerance", "max_iterations"});
    if (!takes_several_labels()) add({"positive_weight"});
    LinearProbe plain;
    refuse_unused(*this, plain, unused, "linear_probe",
                  fmt::format("with classifier={}, select_on={}, grid.search={}", fit_.classifier,
                              selection_.on, search_.mode));
  }

  /// Complains before features are computed.
  void check() {
    for (const std::string& norm : norms_) {
      if (norm == "standardise" || norm == "l2" || norm == "none") continue;
      throw std::invalid_argument(fmt::format(
          "[linear_probe] key 'normalisation': expected standardise, l2 or none; got '{}'", norm));
    }
    if (norms_.empty())
      throw std::invalid_argument("[linear_probe] key 'normalisation': expected at least one; got none");
    if (selection_.on == "leave_one_out" && !ridge())
      throw std::invalid_argument(fmt::format(
          "[linear_probe] key 'select_on': expected leave_one_out with classifier=ridge alone; got {}",
          fit_.classifier));
    search_.values = ridge() ? lambda_ : C_;
    search_.larger_is_stronger = ridge();
    search_strengths(
        search_, [](const std::vector<double>& strengths) { return std::vector<double>(strengths.size()); },
        "linear_probe", strength_name());
  }

  std::vector<Trials> try_all(const ProbeData& data, const std::vector<std::string>& taps,
                              const ProtocolContext& context) const {
    std::vector<Trials> all;
    const auto total = static_cast<int64_t>(taps.size() * norms_.size());
    for (const std::string& tap : taps) {
      for (const std::string& norm : norms_) {
        const auto scores = [&](const std::vector<double>& strengths) {
          return selection_scores(data, tap, norm, strengths);
        };
        all.push_back({tap, norm, search_strengths(search_, scores, "linear_probe", strength_name())});
        context.progress("probes", std::ssize(all), total);
      }
    }
    return all;
  }

  /// One score a strength, over all examples that are held out.
  std::vector<double> selection_scores(const ProbeData& data, const std::string& tap, const std::string& norm,
                                       const std::vector<double>& strengths) const {
    const at::Tensor& features = data.train.by_tap.at(tap);
    std::vector<double> scores(strengths.size(), 0);
    if (data.splits.empty()) {
      const at::Tensor alone = ridge_leave_one_out(FeatureNorm(norm, features).apply(features),
                                                   data.train_truth.labels, data.classes, strengths);
      for (size_t i = 0; i < scores.size(); ++i)
        scores[i] = selection_score(alone[static_cast<int64_t>(i)], data.train_truth);
      return scores;
    }
    double held = 0;
    for (const SelectionSplit& split : data.splits) held += static_cast<double>(split.held_out.size());
    for (const SelectionSplit& split : data.splits) {
      const at::Tensor kept = rows_of(features, split.kept);
      const FeatureNorm normaliser(norm, kept);
      const LinearFits fits = fit_linear(fit_, normaliser.apply(kept), data.train_truth.rows(split.kept),
                                         data.classes, strengths);
      const at::Tensor others = normaliser.apply(rows_of(features, split.held_out));
      const Truth truth = data.train_truth.rows(split.held_out);
      for (size_t i = 0; i < scores.size(); ++i) {
        scores[i] += selection_score(fits.scores(i, others), truth) *
                     static_cast<double>(split.held_out.size()) / held;
      }
    }
    return scores;
  }

  /// The chosen setting, fitted on everything that is not the test set. Equal scores: the earlier tap, then
  /// the earlier normalisation, then the earlier strength.
  ProtocolResult judge_best(const ProbeData& data, const std::vector<Trials>& trials, const Task& task,
                            const Subject& subject) const {
    const Trials& chosen = *std::max_element(
        trials.begin(), trials.end(),
        [](const Trials& a, const Trials& b) { return best_of(a.tried).score < best_of(b.tried).score; });
    const ScoredStrength strength = best_of(chosen.tried);
    const at::Tensor& features = data.train.by_tap.at(chosen.tap);
    const FeatureNorm normaliser(chosen.norm, features);
    const LinearFits fit =
        fit_linear(fit_, normaliser.apply(features), data.train_truth, data.classes, {strength.strength});
    ProtocolResult result{probe_record(fit.scores(0, normaliser.apply(data.test.by_tap.at(chosen.tap))),
                                       data.test_truth, data.test.ids, task.test->class_names())};
    Record& record = result.record;
    record.resolved = {{"tap", chosen.tap},
                       {"normalisation", chosen.norm},
                       {strength_name(), strength.strength},
                       {"parameters_trained", fit.weight[0].numel() + fit.bias[0].numel()}};
    record
        .resolved[data.train_truth.several() ? "validation_mean_average_precision" : "validation_accuracy"] =
        strength.score;
    describe_trials(trials, data, record);
    certify(fit, record);
    warn_at_edge(chosen.tried, strength.strength, record);
    if (!subject.sha256.empty()) result.head = head_of(fit, normaliser, chosen, task, subject);
    return result;
  }

  void describe_trials(const std::vector<Trials>& trials, const ProbeData& data, Record& record) const {
    size_t count = 0;
    std::vector<std::string> taps;
    for (const Trials& some : trials) {
      count += some.tried.size();
      if (taps.empty() || taps.back() != some.tap) taps.push_back(some.tap);
      if (some.tried.size() > 1) record.curves.push_back(curve_of(some, trials.size() > 1));
    }
    record.resolved["trials"] = count;
    record.resolved["taps_tried"] = taps;
    record.resolved["selected_on"] =
        !selection_.validation_split.empty() ? "split " + selection_.validation_split
        : data.splits.empty()                ? "leave one out"
        : data.splits.size() > 1             ? fmt::format("{} folds", data.splits.size())
                                             : fmt::format("{} of train", selection_.held_out);
  }

  Curve curve_of(const Trials& trials, bool several) const {
    Curve curve;
    curve.name = several ? fmt::format("{}, {}", trials.tap, trials.norm) : "selection";
    curve.x_label = fmt::format("log10 {}", strength_name());
    curve.y_label = "score that settings are chosen by";
    std::vector<ScoredStrength> sorted = trials.tried;
    std::sort(sorted.begin(), sorted.end(),
              [](const ScoredStrength& a, const ScoredStrength& b) { return a.strength < b.strength; });
    for (const ScoredStrength& tried : sorted) {
      curve.x.push_back(std::log10(tried.strength));
      curve.y.push_back(tried.score);
    }
    return curve;
  }

  /// How far the objective can be from its optimum: a solver that gave up says so.
  void certify(const LinearFits& fit, Record& record) const {
    if (!fit.gap_bound.empty()) record.resolved["gap_bound"] = fit.gap_bound[0];
    if (fit.gradient_norm.empty()) return;
    record.resolved["gradient_norm"] = fit.gradient_norm[0];
    if (fit.converged[0]) return;
    record.warnings.push_back(fmt::format(
        "logistic stopped at gradient {:.1e}, tolerance {:.1e}, and at most {:.1e} of the objective "
        "above its optimum, where {:.1e} was asked for",
        fit.gradient_norm[0], fit_.tolerance, fit.gap_bound[0], fit_.gap));
  }

  void warn_at_edge(const std::vector<ScoredStrength>& tried, double strength, Record& record) const {
    const auto [least, most] = std::minmax_element(
        tried.begin(), tried.end(),
        [](const ScoredStrength& a, const ScoredStrength& b) { return a.strength < b.strength; });
    if (least->strength == most->strength || (strength != least->strength && strength != most->strength))
      return;
    record.warnings.push_back(
        fmt::format("the chosen {} = {} is at the edge of its grid", strength_name(), strength));
  }

  TrainedHead head_of(const LinearFits& fit, const FeatureNorm& normaliser, const Trials& chosen,
                      const Task& task, const Subject& subject) const {
    TrainedHead head{subject.sha256,
                     chosen.tap,
                     task.view,
                     chosen.norm == "l2" ? "l2" : "none",
                     fit_.classifier == "logistic"       ? "softmax"
                     : fit_.classifier == "ovr_logistic" ? "sigmoid"
                                                         : "none",
                     task.train->class_names(),
                     fit.weight[0],
                     fit.bias[0]};
    normaliser.fold_into(head.weight, head.bias);
    return head;
  }

  /// Every trial again, fitted on all that is not the test set and judged on the test set.
  void add_best(const ProbeData& data, const std::vector<Trials>& trials, Record& record) const {
    std::optional<at::Tensor> best;
    double best_score = -1;
    Json setting;
    for (const Trials& some : trials) {
      const at::Tensor& features = data.train.by_tap.at(some.tap);
      const FeatureNorm normaliser(some.norm, features);
      const at::Tensor test = normaliser.apply(data.test.by_tap.at(some.tap));
      std::vector<double> strengths;
      for (const ScoredStrength& tried : some.tried) strengths.push_back(tried.strength);
      const LinearFits fits =
          fit_linear(fit_, normaliser.apply(features), data.train_truth, data.classes, strengths);
      for (size_t i = 0; i < strengths.size(); ++i) {
        const at::Tensor scores = fits.scores(i, test);
        const double score = selection_score(scores, data.test_truth);
        if (score <= best_score) continue;
        best_score = score;
        best = scores;
        setting = {{"tap", some.tap}, {"normalisation", some.norm}, {strength_name(), strengths[i]}};
      }
    }
    add_best_scores(*best, data.test_truth, record);
    record.resolved["best"] = setting;
  }

  /// What an earlier run trained, on what it was trained for.
  ProtocolResult judge_head(const Subject& subject, const Task& task, const ProtocolContext& context) {
    LinearProbe plain;
    refuse_unused(
        *this, plain,
        {"classifier", "taps", "normalisation", "C", "lambda", "grid", "select_on", "held_out", "folds",
         "validation_split", "report_best", "positive_weight", "tolerance", "gap", "max_iterations", "sgd"},
        "linear_probe", "with head=" + head_);
    const TrainedHead head = read_head(head_);
    check_belongs(head, head_, subject, task.view, task.test->class_names());
    const std::vector<std::string> taps = {head.tap};
    const FeatureSet test =
        extract_features(subject, task.test, task.test_examples, task.view, taps, context);
    const at::Tensor scores = head_scores(head, test.by_tap.at(head.tap));
    ProtocolResult result{
        probe_record(scores, truth_of(*task.test, task.test_examples), test.ids, task.test->class_names())};
    result.record.resolved = {{"tap", head.tap},
                              {"feature_norm", head.feature_norm},
                              {"trained_as", head.trained_as},
                              {"trials", 0},
                              {"parameters_trained", 0}};
    choose_headline(task, result.record);
    result.file_hashes["head"] = sha256_file(head_);
    return result;
  }

  FitSettings fit_;
  std::vector<std::string> taps_, norms_ = {"standardise"};
  std::vector<double> C_ = {1e-4, 1e-3, 1e-2, 1e-1, 1};
  std::vector<double> lambda_ = {10000, 1000, 100, 10, 1, 1e-1, 1e-2, 1e-3, 1e-4};  // ties: the stronger
  StrengthSearch search_;
  SelectionOptions selection_;
  bool report_best_ = false;
  std::string headline_;
  std::string head_;
  SgdProbe sgd_;
};

}  // namespace

std::unique_ptr<Protocol> make_linear_probe() { return std::make_unique<LinearProbe>(); }

}  // namespace repbench
