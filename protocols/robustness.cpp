#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <stdexcept>

#include "datasets/images/corruptions.h"
#include "files/hash.h"
#include "files/nearest.h"
#include "protocols/corruption_error.h"
#include "protocols/effective_robustness.h"
#include "protocols/features.h"
#include "protocols/frozen_head.h"
#include "protocols/kinds.h"
#include "protocols/metrics.h"
#include "protocols/shifted_sets.h"
#include "reports/statistics/intervals.h"

namespace repbench {
namespace {

using Shares = std::vector<double>;  // a test picture

/// Of test pictures: right or wrong at each severity of each corruption.
struct Corrupted {
  std::vector<std::vector<std::vector<uint8_t>>> right;  // [corruption][severity][picture]

  /// Share of these that are right, a picture.
  Shares shares(const std::vector<size_t>& corruptions, const std::vector<size_t>& severities) const {
    Shares result(right.front().front().size(), 0);
    for (const size_t c : corruptions) {
      for (const size_t s : severities) {
        for (size_t i = 0; i < result.size(); ++i) result[i] += right[c][s][i];
      }
    }
    for (double& share : result) share /= static_cast<double>(corruptions.size() * severities.size());
    return result;
  }
};

std::vector<size_t> first_numbers(size_t count) {
  std::vector<size_t> numbers(count);
  for (size_t i = 0; i < count; ++i) numbers[i] = i;
  return numbers;
}

Interval within_shares(const Interval& interval) {
  return {std::clamp(interval.low, 0.0, 1.0), std::clamp(interval.high, 0.0, 1.0)};
}

std::vector<std::string> counted_corruptions() {
  std::vector<std::string> names;
  for (const CorruptionKind& kind : corruption_kinds()) {
    if (!kind.validation) names.emplace_back(kind.name);
  }
  return names;
}

/// Scores of pictures, and what they are.
struct Judged {
  at::Tensor scores, labels;  // [N, K], [N]
  std::vector<std::string> ids;
};

class Robustness final : public Protocol {
 public:
  void describe(Options& options) override {
    options.add("head", &head_,
                {.help = "zero_shot (class texts), linear_probe (on clean training features), or auto: "
                         "zero_shot where there is a text side",
                 .choices = {"auto", "zero_shot", "linear_probe"}});
    options.add("prompts", &prompts_,
                {.help = "of zero_shot: a set's name, none or a JSON file; empty: the data set's own"});
    options.add("tap", &tap_, {.help = "of linear_probe: the features; empty: the encoder's first"});
    options.add("C", &C_,
                {.help = "of linear_probe: inverse regularisation strength on standardised features",
                 .minimum = 1e-12,
                 .maximum = 1e12});
    options.add("corruptions", &corruptions_,
                {.help = "of ImageNet-C; [] for shifted sets alone (see: repbench view --help)"});
    options.add("severities", &severities_, {.help = "of each corruption", .minimum = 1, .maximum = 5});
    options.add("baseline", &baseline_,
                {.help = "report.json of this protocol on the same test pictures: its errors are the unit of "
                         "mean_corruption_error",
                 .identity = false});
    options.add("shifted", &shifted_,
                {.help = "data sets of the same classes, or of some of them, to be judged on too",
                 .identity = false});
    options.add("shifted_split", &shifted_split_, {.help = "their split"});
    options.add("lines", &lines_,
                {.help = "a JSON file of reference models for each of `shifted`, for effective robustness",
                 .identity = false});
  }

  ProtocolResult run(const Subject& subject, const Task& task, const ProtocolContext& context) override {
    check_settings();
    // Whatever may be refused is read before anything is computed.
    const std::vector<ShiftedSet> sets = open_shifted_sets(shifted_, shifted_split_, *task.test);
    if (!lines_.empty() && lines_.size() != sets.size())
      refuse("lines", fmt::format("a file for each of {} shifted sets, or none", sets.size()),
             std::to_string(lines_.size()));
    std::vector<ReferenceLine> lines;
    for (const std::string& file : lines_) lines.push_back(read_reference_line(file));
    std::optional<CorruptionBaseline> baseline;
    if (!baseline_.empty()) baseline = read_corruption_baseline(baseline_, task, severities_);

    const FrozenHead head = make_head(subject, task, context);
    Record record;
    record.resolved = head.resolved;
    record.resolved["head"] = head.tap == "projected" && uses_texts(subject) ? "zero_shot" : "linear_probe";
    record.warnings = head.warnings;
    const Judged clean = judge(subject, head, task.test, task.test_examples, task.view, context);
    CorruptionAccuracies own{add_clean(clean, record), {}};
    if (!corruptions_.empty()) add_corrupted(run_all(subject, head, task, clean, context), own, record);
    record.resolved["corruptions"] = corruptions_;
    record.resolved["severities"] = severities_;
    if (baseline) add_errors(own, *baseline, record);
    for (size_t i = 0; i < sets.size(); ++i) {
      const Judged shifted =
          judge(subject, head, sets[i].dataset, all_examples(*sets[i].dataset), task.view, context);
      add_shifted(sets[i], shifted, clean, *task.test, lines.empty() ? nullptr : &lines[i], record);
    }
    ProtocolResult result{std::move(record)};
    if (baseline) result.file_hashes["baseline"] = sha256_file(baseline_);
    if (!lines.empty()) result.file_hashes["lines"] = hash_of_files(lines_);
    for (const ShiftedSet& set : sets)
      result.file_hashes["shifted_" + set.name] = set.dataset->provenance().sha256;
    return result;
  }

 private:
  [[noreturn]] static void refuse(std::string_view key, const std::string& expected, const std::string& got) {
    throw std::invalid_argument(
        fmt::format("[robustness] key '{}': expected {}; got {}", key, expected, got));
  }

  void check_settings() {
    std::vector<std::string> known;
    for (const CorruptionKind& kind : corruption_kinds()) known.emplace_back(kind.name);
    std::set<std::string> seen;
    for (const std::string& corruption : corruptions_) {
      if (find_corruption(corruption) == nullptr)
        fail_unknown_name("robustness", "key 'corruptions' to name", corruption, known);
      if (!seen.insert(corruption).second) refuse("corruptions", "each once", corruption + " twice");
    }
    std::sort(severities_.begin(), severities_.end());
    severities_.erase(std::unique(severities_.begin(), severities_.end()), severities_.end());
    if (severities_.empty()) refuse("severities", "at least one", "none");
    if (!corruptions_.empty()) return;
    if (shifted_.empty()) refuse("corruptions", "at least one, or a shifted set", "none");
    if (!baseline_.empty()) refuse("baseline", "none without corruptions", "'" + baseline_ + "'");
  }

  bool uses_texts(const Subject& subject) const {
    return head_ == "zero_shot" || (head_ == "auto" && subject.encoder->text() != nullptr);
  }

  FrozenHead make_head(const Subject& subject, const Task& task, const ProtocolContext& context) const {
    if (uses_texts(subject)) return zero_shot_head(subject, prompts_, *task.test, context, "robustness");
    return logistic_head(subject, task, tap_.empty() ? subject.encoder->default_taps().front() : tap_, C_,
                         context);
  }

  static Judged judge(const Subject& subject, const FrozenHead& head, std::shared_ptr<const Dataset> dataset,
                      const IndexList& examples, const std::string& view, const ProtocolContext& context) {
    const std::vector<std::string> taps = {head.tap};
    const FeatureSet features = extract_features(subject, std::move(dataset), examples, view, taps, context);
    return {head.classify(features.by_tap.at(head.tap)), features.labels, features.ids};
  }

  /// Its accuracy.
  double add_clean(const Judged& clean, Record& record) const {
    const Classification result = classify(clean.scores, clean.labels);
    OutcomeTable table = picture_table(clean.ids, clean.labels);
    table.columns["correct_clean"] = column_of(result.is_correct);
    record.outcomes = {{}, {std::move(table)}};
    Metric metric = share_metric("accuracy_clean", result.correct, result.n,
                                 1.0 / static_cast<double>(result.class_n.size()));
    metric.column = "correct_clean";
    metric.headline = corruptions_.empty();
    record.metrics.push_back(std::move(metric));
    return result.accuracy();
  }

  Corrupted run_all(const Subject& subject, const FrozenHead& head, const Task& task, const Judged& clean,
                    const ProtocolContext& context) const {
    Corrupted all;
    const auto total = static_cast<int64_t>(corruptions_.size() * severities_.size());
    int64_t done = 0;
    for (const std::string& corruption : corruptions_) {
      all.right.emplace_back();
      for (const int64_t severity : severities_) {
        const Judged judged = judge(subject, head, task.test, task.test_examples,
                                    corrupted_view(task.view, corruption, severity, context.seed), context);
        all.right.back().push_back(classify(judged.scores, clean.labels).is_correct);
        context.progress("corrupted sets", ++done, total);
      }
    }
    return all;
  }

  static std::string corrupted_view(const std::string& view, const std::string& corruption, int64_t severity,
                                    uint64_t seed) {
    std::string operation = fmt::format("{}:{}", corruption, severity);
    // A specification's seed has 31 bits.
    if (find_corruption(corruption)->random) operation += fmt::format(":{}", seed % (uint64_t{1} << 31));
    return view + "+" + operation;
  }

  void add_corrupted(const Corrupted& all, CorruptionAccuracies& own, Record& record) const {
    const std::vector<size_t> every_severity = first_numbers(severities_.size());
    add_share_metric("accuracy_corrupted", "correct_corrupted",
                     all.shares(first_numbers(corruptions_.size()), every_severity), record);
    record.metrics.back().headline = true;
    for (size_t c = 0; c < corruptions_.size(); ++c) {
      add_share_metric("accuracy_corrupted_" + corruptions_[c], "correct_" + corruptions_[c],
                       all.shares({c}, every_severity), record);
      own.by_corruption[corruptions_[c]] = record.metrics.back().value;
    }
    for (const CorruptionGroup group :
         {CorruptionGroup::noise, CorruptionGroup::blur, CorruptionGroup::weather, CorruptionGroup::digital})
      add_curve(group, all, record);
  }

  /// Mean over pictures of a share; its error treats pictures as independent.
  static void add_share_metric(const std::string& name, const std::string& column, const Shares& shares,
                               Record& record) {
    const MeanAndDeviation mean = mean_and_deviation(shares);
    Metric metric = record.metrics.front();  // the same chance, ceiling and n
    metric.name = name;
    metric.value = mean.mean;
    metric.headline = false;
    metric.standard_error = mean.standard_deviation / std::sqrt(static_cast<double>(mean.n));
    metric.interval = within_shares(mean.interval);
    metric.column = column;
    record.outcomes->tables.front().columns[column] = shares;
    record.metrics.push_back(std::move(metric));
  }

  /// Accuracy against severity of a group's corruptions; severity 0 is the clean picture.
  void add_curve(CorruptionGroup group, const Corrupted& all, Record& record) const {
    std::vector<size_t> members;
    for (size_t c = 0; c < corruptions_.size(); ++c) {
      if (find_corruption(corruptions_[c])->group == group) members.push_back(c);
    }
    if (members.empty()) return;
    const Metric& clean = record.metrics.front();
    Curve curve{.name = std::string(name(group)),
                .x_label = "severity",
                .y_label = "accuracy",
                .x = {0},
                .y = {clean.value},
                .intervals = {clean.interval.value()},
                .x_ticks = {}};
    for (size_t s = 0; s < severities_.size(); ++s) {
      const MeanAndDeviation mean = mean_and_deviation(all.shares(members, {s}));
      curve.x.push_back(static_cast<double>(severities_[s]));
      curve.y.push_back(mean.mean);
      curve.intervals.push_back(within_shares(mean.interval));
    }
    record.curves.push_back(std::move(curve));
  }

  void add_errors(const CorruptionAccuracies& own, const CorruptionBaseline& baseline, Record& record) const {
    const CorruptionErrors errors = corruption_errors(own, baseline.accuracies, baseline_);
    const auto add = [&](const char* name, double value) {
      Metric metric;
      metric.name = name;
      metric.value = value;
      metric.unit = "of the baseline's";
      metric.direction = Direction::lower_is_better;
      metric.n = record.metrics.front().n;
      record.metrics.push_back(std::move(metric));
    };
    add("mean_corruption_error", errors.mean);
    if (errors.relative_mean) add("relative_mean_corruption_error", *errors.relative_mean);
    if (!errors.unharmed.empty()) {
      record.warnings.push_back(fmt::format(
          "no relative_mean_corruption_error: {} costs the baseline no accuracy", errors.unharmed));
    }
    record.resolved["baseline"] = baseline.resolved;
    record.resolved["corruption_errors"] = errors.by_corruption;
  }

  /// Among the classes that the shifted set has; what the line says is asked of the same classes.
  static void add_shifted(const ShiftedSet& set, const Judged& shifted, const Judged& clean,
                          const Dataset& standard, const ReferenceLine* line, Record& record) {
    const at::Tensor classes = at::tensor(set.classes, at::kLong);
    const Classification result = classify(shifted.scores.index_select(1, classes), shifted.labels);
    OutcomeTable table = picture_table(shifted.ids, shifted.labels);
    table.unit = "picture of " + set.name;
    Metric metric = share_metric("accuracy_shifted_" + set.name, result.correct, result.n,
                                 1.0 / static_cast<double>(set.classes.size()));
    metric.column = "correct_shifted_" + set.name;
    table.columns[metric.column] = column_of(result.is_correct);
    record.outcomes->tables.push_back(std::move(table));
    record.metrics.push_back(std::move(metric));
    Json& said = record.resolved["shifted"][set.name];
    said = {{"examples", result.n},
            {"classes", set.classes.size()},
            {"all_classes", set.classes.size() == standard.class_names().size()},
            {"data_sha256", set.dataset->provenance().sha256}};
    if (const auto same = accuracy_among(clean, set.classes)) {
      said["accuracy_clean_same_classes"] = *same;
      if (line != nullptr) add_effective(set.name, result, *same, *line, record);
    } else if (line != nullptr) {
      record.warnings.push_back(
          fmt::format("no effective_robustness_{}: no clean picture is of its classes", set.name));
    }
  }

  /// Of the clean pictures of these classes, scored among these classes; none if there are none.
  static std::optional<double> accuracy_among(const Judged& clean, const std::vector<int64_t>& classes) {
    std::vector<int64_t> rows, labels;
    for (int64_t i = 0; i < clean.labels.numel(); ++i) {
      const auto found = std::find(classes.begin(), classes.end(), clean.labels.const_data_ptr<int64_t>()[i]);
      if (found == classes.end()) continue;
      rows.push_back(i);
      labels.push_back(found - classes.begin());
    }
    if (rows.empty()) return std::nullopt;
    const at::Tensor scores = rows_of(clean.scores, rows).index_select(1, at::tensor(classes, at::kLong));
    return classify(scores, at::tensor(labels, at::kLong)).accuracy();
  }

  static void add_effective(const std::string& name, const Classification& shifted, double clean,
                            const ReferenceLine& line, Record& record) {
    Metric metric;
    metric.name = "effective_robustness_" + name;
    metric.value = shifted.accuracy() - line.at(clean);
    metric.unit = "difference of shares";
    metric.n = shifted.n;
    metric.standard_error =
        binomial_standard_error(shifted.correct, shifted.n);  // the line is taken as exact
    record.metrics.push_back(std::move(metric));
    record.resolved["shifted"][name]["line"] = {{"slope", line.slope},
                                                {"intercept", line.intercept},
                                                {"models", line.models},
                                                {"source", line.source},
                                                {"usual_accuracy", line.at(clean)}};
  }

  static std::string hash_of_files(const std::vector<std::string>& files) {
    Sha256 hash;
    for (const std::string& file : files) hash.update(sha256_file(file) + "\n");
    return hash.hex();
  }

  std::string head_ = "auto";
  std::string prompts_, tap_;
  double C_ = 1;
  std::vector<std::string> corruptions_ = counted_corruptions();
  std::vector<int64_t> severities_ = {1, 2, 3, 4, 5};
  std::string baseline_;
  std::vector<std::string> shifted_, lines_;
  std::string shifted_split_ = "test";
};

}  // namespace

std::unique_ptr<Protocol> make_robustness() { return std::make_unique<Robustness>(); }

}  // namespace repbench
