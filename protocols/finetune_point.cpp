#include "protocols/finetune_point.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <utility>
#include <vector>

#include "datasets/loader.h"
#include "protocols/prefix_source.h"

namespace repbench {
namespace {

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

Classifier::Settings settings_at(const std::string& name, const FinetunePlan& plan, const Encoder& encoder,
                                 const Task& task, const ProtocolContext& context) {
  Classifier::Settings settings = plan.classifier;
  settings.classes = static_cast<int64_t>(task.train->class_names().size());
  settings.first_stage = first_tuned_stage(encoder, name == kFromScratch ? "all" : name);
  settings.seed = context.seed;
  if (settings.first_stage == encoder.trunk_end() && settings.head_norm == HeadNorm::fc_norm) {
    settings.head_norm = HeadNorm::batch;
    settings.head_std = Classifier::Settings().head_std;
  }
  return settings;
}

/// What the loader is asked for in training and, without order, for the prefixes.
LoaderOptions loader_options(const FinetunePlan& plan, const Subject& subject,
                             const ProtocolContext& context) {
  return {.batch_size = plan.train.batch_size,
          .workers = context.workers,
          .shuffle = true,
          .drop_last = true,
          .seed = context.seed,
          .channels = static_cast<int>(subject.encoder->input().channels)};
}

/// Training pictures, or what the frozen stages give of them.
class TrainingData {
 public:
  TrainingData(const FinetunePlan& plan, const Subject& subject, const Task& task, const IndexList& chosen,
               const ProtocolContext& context)
      : plan_(plan),
        task_(task),
        chosen_(chosen),
        context_(context),
        options_(loader_options(plan, subject, context)) {}

  std::unique_ptr<BatchSource> pictures() const {
    return make_loader(task_.train, chosen_, make_views(plan_.train_view), options_);
  }

  std::unique_ptr<BatchSource> prefixes(Classifier& classifier, const std::string& what) const {
    LoaderOptions once = options_;
    once.shuffle = once.drop_last = false;
    const std::unique_ptr<BatchSource> source =
        make_loader(task_.train, chosen_, make_views(plan_.train_view), once);
    PrefixTable table = compute_prefixes(
        *source, chosen_.size(), options_.batch_size, physical_memory(),
        [&](const View& view) { return prefix(classifier, view); },
        [&](int64_t done) { context_.progress(what, done, chosen_.size()); });
    return make_prefix_source(task_.train, chosen_, std::move(table), options_);
  }

  /// How far the first batch of `kept` is from what its pictures give.
  double first_difference(Classifier& classifier, BatchSource& kept) const {
    const c10::NoGradGuard no_grad;
    const std::unique_ptr<BatchSource> source = pictures();
    source->begin(0);
    kept.begin(0);
    const at::Tensor direct = prefix(classifier, source->next()->views.at(0)).cpu();
    return (kept.next()->features - direct).abs().max().item<double>();
  }

 private:
  at::Tensor prefix(Classifier& classifier, const View& view) const {
    return classifier.prefix(classifier.encoder().ingest(view), context_.execution.compute_dtype());
  }

  const FinetunePlan& plan_;
  const Task& task_;
  const IndexList& chosen_;
  const ProtocolContext& context_;
  LoaderOptions options_;
};

/// Where the machine's kernels round by a picture's place in its batch, that is said.
std::string warning_of(const std::string& name, double difference) {
  if (difference == 0) return "";
  return fmt::format(
      "[finetune] point {}: prefix_cache: what the frozen stages give of a picture depends on its place in "
      "the batch here (by up to {:.1e}): the result may differ in its last digits from one without the cache",
      name, difference);
}

/// `frozen`: do some stages stay as they are?
void train(Classifier& classifier, bool frozen, const FinetunePlan& plan, const TrainingData& data,
           const ProtocolContext& context, FinetunePoint& point) {
  const std::string& name = point.name;
  std::unique_ptr<BatchSource> source;
  if (plan.prefix_cache && frozen) {
    source = data.prefixes(classifier, "prefixes " + name);
    point.warning = warning_of(name, data.first_difference(classifier, *source));
  } else {
    source = data.pictures();
  }
  Trainer trainer(classifier, *source, plan.train, context.execution, context.seed);
  const std::string frozen_before = classifier.frozen_hash();
  ProgressObserver progress("finetune " + name, context);
  Observer* observers[] = {&progress};
  const StepReport last = trainer.fit(observers);
  if (classifier.frozen_hash() != frozen_before ||
      trainer.trainable_parameters() != classifier.expected_trainable()) {
    throw std::logic_error(
        fmt::format("[finetune] point {}: a frozen parameter moved, or a tuned one did not count", name));
  }
  point.trainable = trainer.trainable_parameters();
  point.train_loss = last.measurements.empty() ? 0.0 : last.measurements[0].second;
}

/// Reads each test picture once.
void judge(Classifier& classifier, const Subject& subject, const Task& task, const ProtocolContext& context,
           FinetunePoint& point) {
  const c10::NoGradGuard no_grad;
  const std::unique_ptr<BatchSource> source =
      make_loader(task.test, task.test_examples, {make_view(task.view)},
                  {.batch_size = context.batch_size,
                   .workers = context.workers,
                   .channels = static_cast<int>(subject.encoder->input().channels)});
  const StageContext stage{.training = false, .compute = context.execution.compute_dtype()};
  std::vector<at::Tensor> last, averaged, labels;
  source->begin(0);
  while (std::optional<Batch> batch = source->next()) {
    const at::Tensor prefix = classifier.prefix(classifier.encoder().ingest(batch->views[0]), stage.compute);
    last.push_back(classifier.scores_behind(prefix, stage).cpu());
    labels.push_back(batch->labels);
    if (!classifier.averages()) continue;
    classifier.swap_average();
    averaged.push_back(classifier.scores_behind(prefix, stage).cpu());
    classifier.swap_average();
  }
  const at::Tensor all_labels = at::cat(labels);
  point.result = classify(at::cat(classifier.averages() ? averaged : last), all_labels);
  if (classifier.averages()) point.without_ema = classify(at::cat(last), all_labels);
}

/// Of the weights that the result is by.
TrainedHead head_of(Classifier& classifier, const Classifier::Settings& settings, const Subject& subject,
                    const Task& task) {
  if (classifier.averages()) classifier.swap_average();
  const auto [weight, bias] = classifier.head().folded();
  if (classifier.averages()) classifier.swap_average();
  return {.encoder_sha256 = subject.sha256,
          .tap = settings.tap,
          .view = task.view,
          .feature_norm = "none",
          .trained_as = "softmax",
          .class_names = task.train->class_names(),
          .weight = weight,
          .bias = bias};
}

}  // namespace

FinetunePoint tune_point(const std::string& name, const FinetunePlan& plan, const Subject& subject,
                         const Task& task, const IndexList& chosen, const ProtocolContext& context) {
  const auto start = std::chrono::steady_clock::now();
  std::unique_ptr<Encoder> encoder = subject.encoder->clone();
  if (name == kFromScratch) encoder->initialise(context.seed + 1);
  const Classifier::Settings settings = settings_at(name, plan, *encoder, task, context);
  const int64_t end = encoder->trunk_end();
  Classifier classifier(std::move(encoder), settings);
  move_to(classifier, context.execution.device);
  FinetunePoint point;
  point.name = name;
  point.head_norm = settings.head_norm;
  point.head_std = settings.head_std;
  train(classifier, settings.first_stage > 0, plan, TrainingData(plan, subject, task, chosen, context),
        context, point);
  judge(classifier, subject, task, context, point);
  if (settings.first_stage == end) point.head = head_of(classifier, settings, subject, task);
  point.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return point;
}

}  // namespace repbench
