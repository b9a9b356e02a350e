#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include "datasets/images/views.h"
#include "protocols/finetune_point.h"
#include "protocols/kinds.h"
#include "reports/statistics/intervals.h"
#include "reports/statistics/paired.h"

namespace repbench {
namespace {

/// "all", "from_scratch": how metrics and columns of outcomes call a point.
std::string name_of(const std::string& point) { return point == kFromScratch ? "from_scratch" : point; }

Curve empty_curve(const std::string& name) {
  Curve curve;
  curve.name = name;
  curve.x_label = "blocks tuned";
  curve.y_label = "accuracy";
  return curve;
}

/// A warning where classes are tested that nothing was learned about; "" else.
std::string absent_classes(const Dataset& train, const IndexList& chosen) {
  std::set<int64_t> present;
  for (const int64_t index : chosen.indices) present.insert(train.label(index));
  std::vector<std::string> absent;
  for (size_t k = 0; k < train.class_names().size(); ++k) {
    if (!present.contains(static_cast<int64_t>(k))) absent.push_back(train.class_names()[k]);
  }
  if (absent.empty()) return "";
  constexpr size_t kShown = 5;
  return fmt::format("[finetune] {} of {} classes have no training picture: {}{}", absent.size(),
                     train.class_names().size(),
                     fmt::join(absent.begin(), absent.begin() + std::min(kShown, absent.size()), ", "),
                     absent.size() > kShown ? ", ..." : "");
}

class Finetune final : public Protocol {
 public:
  Finetune() {
    plan_.train.epochs = 20;
    plan_.train.batch_size = 128;
    plan_.train.base_lr = 1e-3;
    plan_.train.warmup_epochs = 2;
    plan_.train.beta2 = 0.999;
    plan_.classifier.layer_decay = 0.75;
  }

  void describe(Options& options) override {
    options.add(
        "points", &points_,
        {.help = "blocks to tune: 0 (head only), 0.5 (the last MLP), 1, 2, ... or all; the last named is the "
                 "headline"});
    options.add("from_scratch", &from_scratch_,
                {.help = "also train the same architecture from random weights"});
    options.add("train_examples", &train_examples_,
                {.help = "training pictures, class-balanced",
                 .unit = "pictures",
                 .minimum = 0,
                 .maximum = 1e9,
                 .zero = "all"});
    options.add(
        "train_view", &plan_.train_view,
        {.help = "training view, with RandAugment (randaug) and random erasing (erase) where they are "
                 "wanted; empty: the evaluation view"});
    describe_head(options);
    describe_tuning(options);
    options.add(
        "prefix_cache", &plan_.prefix_cache,
        {.help = "compute what frozen stages give of the training pictures once and keep it in memory; "
                 "for a view without chance, without mixup and cutmix",
         .identity = false});
    options.add_group("train", plan_.train);
  }

  ProtocolResult run(const Subject& subject, const Task& task, const ProtocolContext& context) override {
    const IndexList chosen =
        train_examples_ > 0 ? draw_examples(*task.train, task.train_examples, train_examples_, context.seed)
                            : task.train_examples;
    check(subject, chosen);
    FinetunePlan plan = plan_;
    plan.classifier.head_norm = head_norm_named(head_norm_);
    plan.classifier.layer_decay_rule = layer_decay_rule_named(layer_decay_rule_);
    if (plan.train_view.empty()) plan.train_view = task.view;
    std::vector<FinetunePoint> points;
    for (const std::string& name : points_)
      points.push_back(tune_point(name, plan, subject, task, chosen, context));
    if (from_scratch_) points.push_back(tune_point(kFromScratch, plan, subject, task, chosen, context));
    const size_t headline = points_.empty() ? 0 : points_.size() - 1;
    ProtocolResult result{summarise(points, points[headline], task, depth_of(*subject.encoder))};
    result.record.resolved["train_examples"] = chosen.size();
    result.record.resolved["train_examples_sha256"] = chosen.hash;
    if (std::string warning = absent_classes(*task.train, chosen); !warning.empty())
      result.record.warnings.push_back(std::move(warning));
    result.record.resolved["trained_head"] = points[headline].head ? "kept" : kNoHead;
    result.head = points[headline].head;
    return result;
  }

 private:
  static constexpr const char* kNoHead = "none: it belongs to an encoder that was tuned";

  void describe_head(Options& options) {
    Classifier::Settings& classifier = plan_.classifier;
    options.add(
        "tap", &classifier.tap,
        {.help = "how the tokens behind the encoder's last norm are pooled", .choices = {"cls", "mean"}});
    options.add("head_norm", &head_norm_,
                {.help = "before the head: batch norm without affine parameters, as in MAE's linear probing; "
                         "none; or fc_norm, a trained layer norm in place of the encoder's last norm, as in "
                         "MAE's fine-tuning (at point 0 then batch)",
                 .choices = head_norms()});
    options.add("head_std", &classifier.head_std,
                {.help = "deviation of the head's first weights; MAE: 0.01 in linear probing, 2e-5 in "
                         "fine-tuning",
                 .minimum = 0,
                 .maximum = 1});
  }

  void describe_tuning(Options& options) {
    Classifier::Settings& classifier = plan_.classifier;
    options.add(
        "layer_decay", &classifier.layer_decay,
        {.help = "learning-rate factor from a block to the one below", .minimum = 0.01, .maximum = 1});
    options.add("layer_decay_rule", &layer_decay_rule_,
                {.help = "whose layers: mae (BEiT's), timm (the last norm learns with the last block) or "
                         "lightly (only blocks learn more slowly, the last one not; the head does not decay)",
                 .choices = layer_decay_rules()});
    options.add(
        "drop_path", &classifier.drop_path,
        {.help = "stochastic depth: how often the last block's branches are left out, falling to 0 at "
                 "the first block",
         .minimum = 0,
         .maximum = 0.99});
    options.add(
        "ema", &classifier.ema,
        {.help = "decay of an average of the weights, by which accuracy is then reported, and without "
                 "it beside; 0: none",
         .minimum = 0,
         .maximum = 0.999999});
    options.add("label_smoothing", &classifier.label_smoothing,
                {.help = "cross-entropy's", .minimum = 0, .maximum = 0.99});
    options.add(
        "mixup", &classifier.mixup,
        {.help = "alpha of mixing each batch with its reverse; 0: off", .minimum = 0, .maximum = 1000});
    options.add("cutmix", &classifier.cutmix,
                {.help = "alpha of CutMix; with mixup, each takes half of the batches; 0: off",
                 .minimum = 0,
                 .maximum = 1000});
  }

  /// Complains before anything is trained.
  void check(const Subject& subject, const IndexList& chosen) const {
    if (depth_of(*subject.encoder) == 0) {
      throw std::invalid_argument(
          fmt::format("[finetune] expected an encoder with blocks; got {}", subject.encoder->kind()));
    }
    for (const std::string& name : points_) first_tuned_stage(*subject.encoder, name);
    const std::set<std::string> distinct(points_.begin(), points_.end());
    if ((points_.empty() && !from_scratch_) || distinct.size() != points_.size()) {
      throw std::invalid_argument(
          fmt::format("[finetune] key 'points': expected at least one, or from_scratch, each once; got {}",
                      points_.empty() ? "none" : fmt::format("{}", fmt::join(points_, ", "))));
    }
    if (plan_.train.batch_size < 2 && head_norm_ == "batch") {
      throw std::invalid_argument(
          fmt::format("[finetune] key 'train.batch_size': expected at least 2 with head_norm=batch; got {}",
                      plan_.train.batch_size));
    }
    if (plan_.train.batch_size > chosen.size()) {
      throw std::invalid_argument(
          fmt::format("[finetune] key 'train.batch_size': expected at most the {} training examples; got {}",
                      chosen.size(), plan_.train.batch_size));
    }
    if (head_norm_ == "fc_norm" && plan_.classifier.tap != "mean") {
      throw std::invalid_argument(fmt::format(
          "[finetune] key 'head_norm': expected fc_norm with tap=mean alone, whose norm it is; got "
          "tap={}",
          plan_.classifier.tap));
    }
    if (!plan_.train_view.empty()) check_view();
    if (plan_.prefix_cache && (plan_.classifier.mixup > 0 || plan_.classifier.cutmix > 0)) {
      throw std::invalid_argument(fmt::format(
          "[finetune] key 'prefix_cache': expected mixup=0 and cutmix=0, which change what frozen "
          "stages see; got {} and {}",
          plan_.classifier.mixup, plan_.classifier.cutmix));
    }
  }

  void check_view() const {
    const auto views = make_views(plan_.train_view);
    if (views.size() != 1) {
      throw std::invalid_argument(fmt::format(
          "[finetune] key 'train_view': expected one view of each picture; got {}", views.size()));
    }
    if (plan_.prefix_cache && views.front()->random()) {
      throw std::invalid_argument(fmt::format(
          "[finetune] key 'prefix_cache': expected a train_view without chance; got '{}'", plan_.train_view));
    }
  }

  Record summarise(const std::vector<FinetunePoint>& points, const FinetunePoint& headline, const Task& task,
                   int64_t depth) const {
    Record record;
    record.outcomes = {task.test->class_names(), {picture_table(*task.test, task.test_examples.indices)}};
    auto& columns = record.outcomes->tables.front().columns;
    Curve curve = empty_curve("partial fine-tuning"), scratch = empty_curve(kFromScratch);
    for (const FinetunePoint& point : points) {
      add_metrics(record, point, &point == &headline);
      record.resolved["trainable_parameters"][point.name] = point.trainable;
      record.resolved["final_train_loss"][point.name] = point.train_loss;
      record.resolved["head"][point.name] = {{"norm", head_norms()[static_cast<size_t>(point.head_norm)]},
                                             {"std", point.head_std}};
      record.cost["seconds_by_point"][point.name] = point.seconds;
      if (!point.warning.empty()) record.warnings.push_back(point.warning);
      add_to_curve(point.name == kFromScratch ? scratch : curve, point, depth);
    }
    const at::Tensor& predictions = headline.result.predictions;
    columns["prediction"] = {predictions.const_data_ptr<int64_t>(),
                             predictions.const_data_ptr<int64_t>() + predictions.numel()};
    for (Curve& drawn : {std::ref(curve), std::ref(scratch)}) {
      if (!drawn.x.empty()) record.curves.push_back(drawn);
    }
    record.resolved["paired_mid_p_against_" + headline.name] = paired(points, headline);
    return record;
  }

  /// accuracy_POINT and, where an average of the weights was kept, accuracy_POINT_without_ema; for the
  /// headline's point all others of a classification too.
  static void add_metrics(Record& record, const FinetunePoint& point, bool leads) {
    auto& columns = record.outcomes->tables.front().columns;
    const std::string name = name_of(point.name);
    const auto add = [&](Metric metric, const std::string& of, const std::vector<uint8_t>& outcomes) {
      metric.name = of;
      metric.column = "correct" + of.substr(std::string("accuracy").size());
      metric.headline = false;
      columns[metric.column] = column_of(outcomes);
      record.metrics.push_back(std::move(metric));
    };
    const std::vector<Metric> metrics = classification_metrics(point.result);
    add(metrics.front(), "accuracy_" + name, point.result.is_correct);
    record.metrics.back().headline = leads;
    if (point.without_ema) {
      add(classification_metrics(*point.without_ema).front(), "accuracy_" + name + "_without_ema",
          point.without_ema->is_correct);
    }
    if (!leads) return;
    for (Metric metric : metrics) {
      if (metric.name == "accuracy_top5") add(metric, metric.name, point.result.is_in_top5);
      if (metric.name != "mean_per_class_accuracy") continue;
      metric.column = "correct_" + name;
      record.metrics.push_back(std::move(metric));
    }
  }

  /// On the axis "all" stands one step behind the last block: the stem is tuned as well.
  static void add_to_curve(Curve& curve, const FinetunePoint& point, int64_t depth) {
    const bool all = point.name == "all" || point.name == kFromScratch;
    curve.x.push_back(all ? static_cast<double>(depth + 1) : std::stod(point.name));
    curve.x_ticks.push_back(all ? "all" : point.name == "0.5" ? "½" : point.name);
    curve.y.push_back(point.result.accuracy());
    curve.intervals.push_back(wilson_interval(point.result.correct, point.result.n));
  }

  static Json paired(const std::vector<FinetunePoint>& points, const FinetunePoint& headline) {
    Json values = Json::object();
    for (const FinetunePoint& point : points) {
      if (&point == &headline) continue;
      const PairedCounts counts = paired_counts(headline.result.is_correct, point.result.is_correct);
      values[point.name] = mcnemar_mid_p(counts.only_a, counts.only_b);
    }
    return values;
  }

  std::vector<std::string> points_ = {"0", "0.5", "1", "all"};
  bool from_scratch_ = true;
  int64_t train_examples_ = 0;
  std::string head_norm_ = "batch";
  std::string layer_decay_rule_ = "mae";
  FinetunePlan plan_;
};

}  // namespace

std::unique_ptr<Protocol> make_finetune() { return std::make_unique<Finetune>(); }

}  // namespace repbench
