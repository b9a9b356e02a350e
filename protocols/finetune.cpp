#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <set>
#include <stdexcept>
#include <string>

#include "datasets/loader.h"
#include "pretrain/trainer.h"
#include "protocols/classifier.h"
#include "protocols/kinds.h"
#include "protocols/metrics.h"
#include "reports/statistics/intervals.h"
#include "reports/statistics/paired.h"

namespace repbench {
namespace {

constexpr const char* kScratch = "from scratch";

/// "all", "from_scratch": how metrics and columns of outcomes call a point.
std::string name_of(const std::string& point) { return point == kScratch ? "from_scratch" : point; }

/// One tuned model, judged on the whole test set.
struct Point {
  std::string name;  // "0", "0.5", "1", ..., "all", "from scratch"
  Classification result;
  int64_t trainable = 0;
  double train_loss = 0;
  double seconds = 0;
};

Curve empty_curve(const std::string& name) {
  Curve curve;
  curve.name = name;
  curve.x_label = "blocks tuned";
  curve.y_label = "accuracy";
  return curve;
}

class ProgressObserver final : public Observer {
 public:
  ProgressObserver(std::string what, const ProtocolContext& context)
      : what_(std::move(what)), context_(context) {}
  void on_step(const StepReport& report, const Trainer&) override {
    context_.progress(what_, report.step, report.total_steps);
  }

 private:
  std::string what_;
  const ProtocolContext& context_;
};

class Finetune final : public Protocol {
 public:
  Finetune() {
    train_.epochs = 20;
    train_.batch_size = 128;
    train_.base_lr = 1e-3;
    train_.warmup_epochs = 2;
    train_.beta2 = 0.999;
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
    options.add("train_view", &train_view_, {.help = "training view; empty: the evaluation view"});
    options.add(
        "tap", &tap_,
        {.help = "how the tokens behind the encoder's last norm are pooled", .choices = {"cls", "mean"}});
    options.add("head_norm", &head_norm_,
                {.help = "batch norm without affine parameters before the head, as in MAE's linear probing",
                 .choices = {"batch", "none"}});
    options.add(
        "layer_decay", &layer_decay_,
        {.help = "learning-rate factor from a block to the one below", .minimum = 0.01, .maximum = 1});
    options.add("label_smoothing", &label_smoothing_,
                {.help = "cross-entropy's", .minimum = 0, .maximum = 0.99});
    options.add("mixup", &mixup_,
                {.help = "alpha of mixing each batch with its reverse",
                 .minimum = 0,
                 .maximum = 1000,
                 .zero = "off"});
    options.add("cutmix", &cutmix_,
                {.help = "alpha of CutMix; with mixup, each takes half of the batches",
                 .minimum = 0,
                 .maximum = 1000,
                 .zero = "off"});
    options.add_group("train", train_);
  }

  ProtocolResult run(const Subject& subject, const Task& task, const ProtocolContext& context) override {
    const IndexList chosen =
        train_examples_ > 0 ? draw_examples(*task.train, task.train_examples, train_examples_, context.seed)
                            : task.train_examples;
    check(subject, chosen);
    std::vector<Point> points;
    for (const std::string& name : points_) points.push_back(tune(subject, task, chosen, name, context));
    if (from_scratch_) points.push_back(tune(subject, task, chosen, kScratch, context));
    Record record = summarise(points, task, depth_of(*subject.encoder));
    record.resolved["train_examples"] = chosen.size();
    record.resolved["train_examples_sha256"] = chosen.hash;
    return {std::move(record)};
  }

 private:
  /// Complains before anything is trained.
  void check(const Subject& subject, const IndexList& chosen) const {
    if (depth_of(*subject.encoder) == 0) {
      throw std::invalid_argument(
          fmt::format("[finetune] expected an encoder with blocks; got {}", subject.encoder->kind()));
    }
    for (const std::string& name : points_) first_tuned_stage(*subject.encoder, name);
    const std::set<std::string> distinct(points_.begin(), points_.end());
    if (points_.empty() || distinct.size() != points_.size()) {
      throw std::invalid_argument(fmt::format(
          "[finetune] key 'points': expected at least one, each once; got {}", fmt::join(points_, ", ")));
    }
    if (const size_t views = train_view_.empty() ? 1 : make_views(train_view_).size(); views != 1) {
      throw std::invalid_argument(
          fmt::format("[finetune] key 'train_view': expected one view of each picture; got {}", views));
    }
    if (train_.batch_size > chosen.size()) {
      throw std::invalid_argument(
          fmt::format("[finetune] key 'train.batch_size': expected at most the {} training examples; got {}",
                      chosen.size(), train_.batch_size));
    }
  }

  std::unique_ptr<BatchSource> training_source(const Subject& subject, const Task& task,
                                               const IndexList& chosen,
                                               const ProtocolContext& context) const {
    return make_loader(task.train, chosen, make_views(train_view_.empty() ? task.view : train_view_),
                       {.batch_size = train_.batch_size,
                        .workers = context.workers,
                        .shuffle = true,
                        .drop_last = true,
                        .seed = context.seed,
                        .channels = static_cast<int>(subject.encoder->input().channels)});
  }

  Point tune(const Subject& subject, const Task& task, const IndexList& chosen, const std::string& name,
             const ProtocolContext& context) const {
    const auto start = std::chrono::steady_clock::now();
    std::unique_ptr<Encoder> encoder = subject.encoder->clone();
    if (name == kScratch) encoder->initialise(context.seed + 1);
    const int64_t first = first_tuned_stage(*encoder, name == kScratch ? "all" : name);
    encoder->to(context.execution.device);
    Classifier classifier(std::move(encoder),
                          {.tap = tap_,
                           .batch_norm = head_norm_ == "batch",
                           .classes = static_cast<int64_t>(task.train->class_names().size()),
                           .first_stage = first,
                           .layer_decay = layer_decay_,
                           .label_smoothing = label_smoothing_,
                           .mixup = mixup_,
                           .cutmix = cutmix_,
                           .seed = context.seed});
    const std::unique_ptr<BatchSource> source = training_source(subject, task, chosen, context);
    Trainer trainer(classifier, *source, train_, context.execution, context.seed);
    const std::string frozen_before = classifier.frozen_hash();
    ProgressObserver progress("finetune " + name, context);
    Observer* observers[] = {&progress};
    const StepReport last = trainer.fit(observers);
    if (classifier.frozen_hash() != frozen_before ||
        trainer.trainable_parameters() != classifier.expected_trainable()) {
      throw std::logic_error(
          fmt::format("[finetune] point {}: a frozen parameter moved, or a tuned one did not count", name));
    }
    Point point = judge(classifier, subject, task, context);
    point.name = name;
    point.trainable = trainer.trainable_parameters();
    point.train_loss = last.measurements.empty() ? 0.0 : last.measurements[0].second;
    point.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return point;
  }

  static Point judge(const Classifier& classifier, const Subject& subject, const Task& task,
                     const ProtocolContext& context) {
    const c10::NoGradGuard no_grad;
    const std::unique_ptr<BatchSource> source =
        make_loader(task.test, task.test_examples, {make_view(task.view)},
                    {.batch_size = context.batch_size,
                     .workers = context.workers,
                     .channels = static_cast<int>(subject.encoder->input().channels)});
    const StageContext stage{.training = false, .compute = context.execution.compute_dtype()};
    std::vector<at::Tensor> scores, labels;
    source->begin(0);
    while (std::optional<Batch> batch = source->next()) {
      scores.push_back(classifier.scores(batch->views[0], stage).cpu());
      labels.push_back(batch->labels);
    }
    Point point;
    point.result = classify(at::cat(scores), at::cat(labels));
    return point;
  }

  Record summarise(const std::vector<Point>& points, const Task& task, int64_t depth) const {
    Record record;
    record.outcomes = {task.test->class_names(), {picture_table(*task.test, task.test_examples.indices)}};
    auto& columns = record.outcomes->tables.front().columns;
    Curve curve = empty_curve("partial fine-tuning"), scratch = empty_curve(kScratch);
    const Point* headline = nullptr;
    for (const Point& point : points) {
      Metric metric = classification_metrics(point.result).front();
      metric.name = "accuracy_" + name_of(point.name);
      metric.column = "correct_" + name_of(point.name);
      columns[metric.column] = column_of(point.result.is_correct);
      metric.headline = false;
      if (point.name != kScratch) headline = &point;
      record.metrics.push_back(std::move(metric));
      record.resolved["trainable_parameters"][point.name] = point.trainable;
      record.resolved["final_train_loss"][point.name] = point.train_loss;
      record.cost["seconds_by_point"][point.name] = point.seconds;
      add_to_curve(point.name == kScratch ? scratch : curve, point, depth);
    }
    record.metrics[static_cast<size_t>(headline - points.data())].headline = true;
    const at::Tensor& predictions = headline->result.predictions;
    columns["prediction"] = {predictions.const_data_ptr<int64_t>(),
                             predictions.const_data_ptr<int64_t>() + predictions.numel()};
    record.curves = {curve};
    if (!scratch.x.empty()) record.curves.push_back(scratch);
    record.resolved["paired_mid_p_against_" + headline->name] = paired(points, *headline);
    return record;
  }

  /// On the axis "all" stands one step behind the last block: the stem is tuned as well.
  static void add_to_curve(Curve& curve, const Point& point, int64_t depth) {
    const bool all = point.name == "all" || point.name == kScratch;
    curve.x.push_back(all ? static_cast<double>(depth + 1) : std::stod(point.name));
    curve.x_ticks.push_back(all ? "all" : point.name == "0.5" ? "½" : point.name);
    curve.y.push_back(point.result.accuracy());
    curve.intervals.push_back(wilson_interval(point.result.correct, point.result.n));
  }

  static Json paired(const std::vector<Point>& points, const Point& headline) {
    Json values = Json::object();
    for (const Point& point : points) {
      if (&point == &headline) continue;
      const PairedCounts counts = paired_counts(headline.result.is_correct, point.result.is_correct);
      values[point.name] = mcnemar_mid_p(counts.only_a, counts.only_b);
    }
    return values;
  }

  std::vector<std::string> points_ = {"0", "0.5", "1", "all"};
  bool from_scratch_ = true;
  int64_t train_examples_ = 0;
  std::string train_view_;
  std::string tap_ = "mean";
  std::string head_norm_ = "batch";
  double layer_decay_ = 0.75;
  double label_smoothing_ = 0.0, mixup_ = 0.0, cutmix_ = 0.0;
  TrainOptions train_;
};

}  // namespace

std::unique_ptr<Protocol> make_finetune() { return std::make_unique<Finetune>(); }

}  // namespace repbench
