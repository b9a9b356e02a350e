#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "protocols/features.h"
#include "protocols/kinds.h"
#include "protocols/metrics.h"
#include "protocols/solvers/neighbours.h"
#include "reports/statistics/intervals.h"

namespace repbench {
namespace {

class Knn final : public Protocol {
 public:
  void describe(Options& options) override {
    options.add("k", &k_, {.help = "neighbours; every value is reported", .minimum = 1, .maximum = 1e6});
    options.add("headline_k", &headline_k_,
                {.help = "the k that counts, declared beforehand", .minimum = 1, .maximum = 1e6});
    options.add("temperature", &temperature_,
                {.help = "votes weigh exp(similarity / temperature)", .minimum = 1e-4, .maximum = 1e4});
    options.add("normalise", &normalise_, {.help = "cosine similarity"});
    options.add("taps", &taps_,
                {.help = "features to choose from on held-out train; empty: the encoder's own list"});
    options.add("held_out", &held_out_,
                {.help = "share of train held out for choosing", .minimum = 0.01, .maximum = 0.9});
  }

  ProtocolResult run(const Subject& subject, const Task& task, const ProtocolContext& context) override {
    if (std::find(k_.begin(), k_.end(), headline_k_) == k_.end()) {
      throw std::invalid_argument(
          fmt::format("[knn] key 'headline_k': expected one of k; got {}", headline_k_));
    }
    const std::vector<std::string> taps = taps_.empty() ? subject.encoder->default_taps() : taps_;
    FeatureSet train = extract_features(subject, task.train, task.train_examples, task.view, taps, context);
    FeatureSet test = extract_features(subject, task.test, task.test_examples, task.view, taps, context);
    normalise(train);
    normalise(test);
    const auto classes = static_cast<int64_t>(task.train->class_names().size());
    const auto [tap, validation] = choose_tap(
        train, taps, selection_split(*task.train, task.train_examples, held_out_, context.seed), classes);

    const int64_t most = *std::max_element(k_.begin(), k_.end());
    const Neighbours neighbours = nearest_neighbours(test.by_tap.at(tap), train.by_tap.at(tap),
                                                     check_k("k", most, train.labels.size(0)));
    Record record;
    Curve curve;
    curve.name = "accuracy by k";
    curve.x_label = "neighbours k";
    curve.y_label = "accuracy";
    for (const int64_t k : k_) {
      const Classification result =
          classify(vote(below_nearest(neighbours), train.labels, classes, k, temperature_), test.labels);
      curve.x.push_back(static_cast<double>(k));
      curve.y.push_back(result.accuracy());
      curve.intervals.push_back(wilson_interval(result.correct, result.n));
      if (k != headline_k_) continue;
      record.metrics = classification_metrics(result);
      record.outcomes = classification_outcomes(result, test.labels, test.ids, task.test->class_names());
    }
    record.curves.push_back(std::move(curve));
    record.resolved = {{"tap", tap}, {"validation_accuracy", validation}, {"taps_tried", taps}};
    return {std::move(record)};
  }

 private:
  /// Similarities less that of the nearest: a factor common to a query's votes changes nothing, and without
  /// it unnormalised features overflow.
  static Neighbours below_nearest(const Neighbours& neighbours) {
    return {neighbours.similarity - neighbours.similarity.narrow(1, 0, 1), neighbours.index};
  }

  static int64_t check_k(const char* key, int64_t k, int64_t bank) {
    if (k > bank)
      throw std::invalid_argument(
          fmt::format("[knn] key '{}': expected at most the {} training examples; got {}", key, bank, k));
    return k;
  }

  void normalise(FeatureSet& set) const {
    if (!normalise_) return;
    for (auto& [tap, features] : set.by_tap) {
      features = features / features.norm(2, {1}, /*keepdim=*/true).clamp_min(1e-12);
    }
  }

  std::pair<std::string, double> choose_tap(const FeatureSet& train, const std::vector<std::string>& taps,
                                            const SelectionSplit& split, int64_t classes) const {
    std::pair<std::string, double> best{"", -1.0};
    const at::Tensor bank_labels = rows_of(train.labels, split.kept),
                     labels = rows_of(train.labels, split.held_out);
    for (const std::string& tap : taps) {
      const at::Tensor& features = train.by_tap.at(tap);
      const Neighbours neighbours =
          nearest_neighbours(rows_of(features, split.held_out), rows_of(features, split.kept),
                             check_k("headline_k", headline_k_, static_cast<int64_t>(split.kept.size())));
      const double accuracy =
          classify(vote(below_nearest(neighbours), bank_labels, classes, headline_k_, temperature_), labels)
              .accuracy();
      if (accuracy > best.second) best = {tap, accuracy};
    }
    return best;
  }

  std::vector<int64_t> k_ = {1, 5, 10, 20, 50, 100, 200};
  int64_t headline_k_ = 20;
  double temperature_ = 0.07;
  bool normalise_ = true;
  std::vector<std::string> taps_;
  double held_out_ = 0.1;
};

}  // namespace

std::unique_ptr<Protocol> make_knn() { return std::make_unique<Knn>(); }

}  // namespace repbench
