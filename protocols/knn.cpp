#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "protocols/features.h"
#include "protocols/few_shot_draws.h"
#include "protocols/few_shot_report.h"
#include "protocols/kinds.h"
#include "protocols/metrics.h"
#include "protocols/solvers/neighbours.h"
#include "protocols/text_features.h"
#include "protocols/unused_settings.h"
#include "reports/statistics/intervals.h"

namespace repbench {
namespace {

const std::vector<int64_t> kUsualK = {1, 5, 10, 20, 50, 100, 200};

/// Pictures as they are compared.
struct Rows {
  at::Tensor features;  // [N, D] float32
  at::Tensor labels;    // [N] int64
};

/// What is classified by what.
struct Problem {
  Rows bank, queries;
  std::vector<int64_t> own;      // leave-one-out: each query's row of the bank
  std::vector<std::string> ids;  // of queries
  int64_t classes = 0;
};

class Knn final : public Protocol {
 public:
  void describe(Options& options) override {
    options.add("k", &k_,
                {.help = "neighbours; every value is reported; empty: 1, 5, 10, 20, 50, 100, 200 as far as "
                         "there are training pictures",
                 .minimum = 1,
                 .maximum = 1e6});
    options.add("headline_k", &headline_k_,
                {.help = "the k that counts, declared beforehand", .minimum = 1, .maximum = 1e6});
    options.add("metric", &metric_,
                {.help = "cosine; inner_product of features as they are; l2: Euclidean distance of them",
                 .choices = {"cosine", "inner_product", "l2"}});
    options.add("temperature", &temperature_,
                {.help = "votes weigh exp(similarity / temperature); with l2 1 / (distance + 1e-5)",
                 .minimum = 1e-4,
                 .maximum = 1e4});
    options.add("n_per_class", &n_per_class_,
                {.help = "training pictures of a class, drawn; several are reported each; 0: all of them",
                 .minimum = 0,
                 .maximum = 1e6});
    options.add("seeds", &seeds_, {.help = "independent draws of them", .minimum = 1, .maximum = 1000});
    options.add("leave_one_out", &leave_one_out_,
                {.help = "each training picture is classified by all others (test_split=train)"});
    options.add("taps", &taps_,
                {.help = "features to choose from on held-out train; empty: the encoder's own list"});
    options.add("held_out", &held_out_,
                {.help = "share of train held out for choosing", .minimum = 0.01, .maximum = 0.9});
    options.add("shards", &shards_,
                {.help = "parts in which the training features are searched; changes no result",
                 .minimum = 1,
                 .maximum = 1e6,
                 .identity = false});
  }

  ProtocolResult run(const Subject& subject, const Task& task, const ProtocolContext& context) override {
    Knn plain;
    refuse_unused(*this, plain,
                  metric_ == "l2" ? std::vector<std::string>{"temperature"} : std::vector<std::string>{},
                  "knn", "with metric=l2");
    resolve(*subject.encoder, task);
    const FeatureSet train =
        extract_features(subject, task.train, task.train_examples, task.view, taps_, context);
    const auto classes = static_cast<int64_t>(task.train->class_names().size());
    Record record;
    const std::string tap = choose_tap(train, task, classes, context.seed, record);
    const Problem problem = problem_of(train, tap, subject, task, context);
    const FewShotDraws draws =
        few_shot_draws(*task.train, task.train_examples, shots(), shots().empty() ? 0 : seeds_, context.seed,
                       /*with_validation=*/false);

    record.outcomes = {task.test->class_names(), {picture_table(problem.ids, problem.queries.labels)}};
    if (takes_all()) add_all(problem, record);
    add_draws(problem, task.train_examples, draws, record);
    record.resolved["tap"] = tap;
    record.resolved["taps_tried"] = taps_;
    if (leave_one_out_) record.resolved["leave_one_out"] = true;
    return {std::move(record), {}, named_draws(draws, shots(), context.seed)};
  }

 private:
  void resolve(const Encoder& encoder, const Task& task) {
    const int64_t bank = task.train_examples.size() - (leave_one_out_ ? 1 : 0);
    std::sort(n_per_class_.begin(), n_per_class_.end());
    n_per_class_.erase(std::unique(n_per_class_.begin(), n_per_class_.end()), n_per_class_.end());
    if (n_per_class_.empty()) {
      throw std::invalid_argument("[knn] key 'n_per_class': expected at least one value; got none");
    }
    if (k_.empty()) {
      for (const int64_t k : kUsualK) (k <= bank || !takes_all() ? k_ : left_out_).push_back(k);
      if (takes_all()) check_k("headline_k", headline_k_, bank);
    }
    if (std::find(k_.begin(), k_.end(), headline_k_) == k_.end()) {
      throw std::invalid_argument(fmt::format("[knn] key 'headline_k': expected one of k ({}); got {}",
                                              fmt::join(k_, ", "), headline_k_));
    }
    if (takes_all()) check_k("k", *std::max_element(k_.begin(), k_.end()), bank);
    if (leave_one_out_) check_leave_one_out(task);
    if (taps_.empty()) taps_ = encoder.default_taps();
    if (leave_one_out_) taps_.resize(1);
  }

  /// Nothing may be chosen on pictures that are judged, and the judged pictures must be those of the bank.
  void check_leave_one_out(const Task& task) const {
    const auto refuse = [](const char* key, const std::string& expected, const std::string& got) {
      throw std::invalid_argument(
          fmt::format("[knn] key '{}': expected {} with leave_one_out; got {}", key, expected, got));
    };
    if (taps_.size() > 1)
      refuse("taps", "one, as no picture is left to choose on,", std::to_string(taps_.size()));
    if (!shots().empty()) refuse("n_per_class", "0 (all)", fmt::format("{}", fmt::join(n_per_class_, ", ")));
    const bool one_data = task.train->split() == task.test->split() &&
                          task.train->provenance().sha256 == task.test->provenance().sha256;
    for (const int64_t index : task.test_examples.indices) {
      const std::vector<int64_t>& bank = task.train_examples.indices;
      if (one_data && std::binary_search(bank.begin(), bank.end(), index)) continue;
      refuse("test_split", "test pictures that are training pictures",
             fmt::format("'{}' of {}", task.test->id(index), task.test->split()));
    }
  }

  static void check_k(const char* key, int64_t k, int64_t bank) {
    if (k <= bank) return;
    throw std::invalid_argument(
        fmt::format("[knn] key '{}': expected at most the {} training examples; got {}", key, bank, k));
  }

  bool takes_all() const { return n_per_class_.front() == 0; }
  std::vector<int64_t> shots() const {
    return {n_per_class_.begin() + (takes_all() ? 1 : 0), n_per_class_.end()};
  }

  at::Tensor as_compared(const at::Tensor& features) const {
    return metric_ == "cosine" ? unit_rows(features) : features;
  }

  Problem problem_of(const FeatureSet& train, const std::string& tap, const Subject& subject,
                     const Task& task, const ProtocolContext& context) const {
    Problem problem;
    problem.classes = static_cast<int64_t>(task.train->class_names().size());
    problem.bank = {as_compared(train.by_tap.at(tap)), train.labels};
    if (leave_one_out_) {
      problem.own = positions_in(task.train_examples, task.test_examples);
      problem.queries = {rows_of(problem.bank.features, problem.own), rows_of(train.labels, problem.own)};
      for (const int64_t row : problem.own) problem.ids.push_back(train.ids[static_cast<size_t>(row)]);
      return problem;
    }
    const std::vector<std::string> chosen = {tap};
    const FeatureSet test =
        extract_features(subject, task.test, task.test_examples, task.view, chosen, context);
    problem.queries = {as_compared(test.by_tap.at(tap)), test.labels};
    problem.ids = test.ids;
    return problem;
  }

  Neighbours search(const Rows& queries, const Rows& bank, int64_t k, const std::vector<int64_t>& own) const {
    const Similarity by = metric_ == "l2" ? Similarity::l2 : Similarity::inner_product;
    const Neighbours found = nearest_neighbours(queries.features, bank.features, k, {by, shards_, own});
    if (by == Similarity::l2) return found;
    // Less that of the nearest: a factor common to a query's votes changes nothing, and without it inner
    // products overflow.
    return {found.similarity - found.similarity.narrow(1, 0, 1), found.index};
  }

  Classification classify_by(const Neighbours& neighbours, const Rows& bank, const at::Tensor& labels,
                             int64_t classes, int64_t k) const {
    return classify(metric_ == "l2" ? vote_by_distance(neighbours, bank.labels, classes, k)
                                    : vote(neighbours, bank.labels, classes, k, temperature_),
                    labels);
  }

  /// The best on held-out train; equal ones: the one named first.
  std::string choose_tap(const FeatureSet& train, const Task& task, int64_t classes, uint64_t seed,
                         Record& record) const {
    if (leave_one_out_ || (taps_.size() == 1 && !takes_all())) return taps_.front();
    const SelectionSplit split = selection_split(*task.train, task.train_examples, held_out_, seed);
    check_k("headline_k", headline_k_, std::ssize(split.kept));
    std::pair<std::string, double> best{"", -1.0};
    for (const std::string& tap : taps_) {
      const at::Tensor features = as_compared(train.by_tap.at(tap));
      const Rows bank{rows_of(features, split.kept), rows_of(train.labels, split.kept)},
          queries{rows_of(features, split.held_out), rows_of(train.labels, split.held_out)};
      const double accuracy =
          classify_by(search(queries, bank, headline_k_, {}), bank, queries.labels, classes, headline_k_)
              .accuracy();
      if (accuracy > best.second) best = {tap, accuracy};
    }
    record.resolved["validation_accuracy"] = best.second;
    if (taps_.size() > 1 && !shots().empty()) {
      record.warnings.push_back(
          fmt::format("the tap was chosen on held-out pictures of all {} training pictures, not of the draws",
                      task.train_examples.size()));
    }
    return best.first;
  }

  /// By all training pictures: the headline, and the curve over k.
  void add_all(const Problem& problem, Record& record) const {
    const Neighbours neighbours =
        search(problem.queries, problem.bank, *std::max_element(k_.begin(), k_.end()), problem.own);
    Curve curve;
    curve.name = "accuracy by k";
    curve.x_label = "neighbours k";
    curve.y_label = "accuracy";
    for (const int64_t k : k_) {
      const Classification result =
          classify_by(neighbours, problem.bank, problem.queries.labels, problem.classes, k);
      curve.x.push_back(static_cast<double>(k));
      curve.y.push_back(result.accuracy());
      curve.intervals.push_back(wilson_interval(result.correct, result.n));
      if (k != headline_k_) continue;
      record.metrics = classification_metrics(result);
      record.outcomes =
          classification_outcomes(result, problem.queries.labels, problem.ids, record.outcomes->class_names);
    }
    record.curves.push_back(std::move(curve));
    record.resolved["k"] = k_;
    if (left_out_.empty()) return;
    record.warnings.push_back(fmt::format("there are {} training pictures: k = {} left out",
                                          problem.bank.labels.size(0), fmt::join(left_out_, ", ")));
  }

  /// By so many training pictures of a class, as in DINOv2: k is no larger than their number.
  void add_draws(const Problem& problem, const IndexList& train, const FewShotDraws& draws,
                 Record& record) const {
    const std::vector<int64_t> numbers = shots();
    if (numbers.empty()) return;
    Curve curve;
    curve.name = "accuracy by pictures of a class";
    curve.x_label = "training pictures of a class";
    curve.y_label = fmt::format("accuracy (mean ± deviation of {} draws)", seeds_);
    for (size_t i = 0; i < numbers.size(); ++i) {
      const int64_t k = std::min(headline_k_, numbers[i]);
      std::vector<double> accuracy, right(problem.ids.size(), 0);
      for (const FewShotDraw& draw : draws.draws) {
        const std::vector<int64_t> rows = positions_in(train, draw.support[i]);
        const Rows bank{rows_of(problem.bank.features, rows), rows_of(problem.bank.labels, rows)};
        const Classification result = classify_by(search(problem.queries, bank, k, {}), bank,
                                                  problem.queries.labels, problem.classes, k);
        accuracy.push_back(result.accuracy());
        for (size_t j = 0; j < right.size(); ++j) {
          right[j] += result.is_correct[j] / static_cast<double>(seeds_);
        }
      }
      record.resolved["k_by_n_per_class"][std::to_string(numbers[i])] = k;
      add_draw_metric(numbers[i], accuracy, std::move(right), problem.classes, curve, record);
    }
    if (!takes_all()) record.metrics.back().headline = true;
    record.curves.push_back(std::move(curve));
  }

  static void add_draw_metric(int64_t number, const std::vector<double>& accuracy, std::vector<double> right,
                              int64_t classes, Curve& curve, Record& record) {
    Metric metric =
        metric_over_draws(fmt::format("{}_per_class", number), accuracy, std::ssize(right), classes);
    curve.x.push_back(static_cast<double>(number));
    curve.y.push_back(metric.value);
    curve.intervals.push_back(deviation_of(accuracy));
    record.outcomes->tables.front().columns[metric.column] = std::move(right);
    record.metrics.push_back(std::move(metric));
    record.resolved["deviation_by_n_per_class"][std::to_string(number)] =
        mean_and_deviation(accuracy).standard_deviation;
  }

  std::vector<int64_t> k_;
  std::vector<int64_t> left_out_;  // of the usual ones
  int64_t headline_k_ = 20;
  std::string metric_ = "cosine";
  double temperature_ = 0.07;
  std::vector<int64_t> n_per_class_ = {0};
  int64_t seeds_ = 1;
  bool leave_one_out_ = false;
  std::vector<std::string> taps_;
  double held_out_ = 0.1;
  int64_t shards_ = 1;
};

}  // namespace

std::unique_ptr<Protocol> make_knn() { return std::make_unique<Knn>(); }

}  // namespace repbench
