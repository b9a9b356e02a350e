#include "protocols/sgd_probe.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <stdexcept>

#include "datasets/loader.h"
#include "pretrain/tensors.h"
#include "protocols/feature_batches.h"
#include "protocols/features.h"
#include "protocols/joined_taps.h"
#include "protocols/metrics.h"
#include "protocols/probe_heads.h"
#include "protocols/probe_trials.h"

namespace repbench {
namespace {

constexpr double kUnit = 1;  // train.base_lr: heads have rates of their own, which are multiples of it

template <class Got>
[[noreturn]] void refuse(std::string_view key, std::string_view expected, const Got& got) {
  throw std::invalid_argument(
      fmt::format("[linear_probe] key '{}': expected {}; got {}", key, expected, got));
}

template <class Value>
bool each_once(const std::vector<Value>& values) {
  return !values.empty() && std::set<Value>(values.begin(), values.end()).size() == values.size();
}

/// The two parts of the training examples: rows of the task's list, and the examples at them.
struct TrainSplit {
  SelectionSplit rows;
  IndexList kept, held_out;
};

TrainSplit split_of(const Task& task, double held_out, uint64_t seed) {
  TrainSplit split;
  if (held_out == 0) {
    split.rows.kept.resize(static_cast<size_t>(task.train_examples.size()));
    std::iota(split.rows.kept.begin(), split.rows.kept.end(), int64_t{0});
    split.kept = task.train_examples;
    return split;
  }
  split.rows = selection_split(*task.train, task.train_examples, held_out, seed);
  const auto examples_at = [&](const std::vector<int64_t>& rows) {
    std::vector<int64_t> indices;
    for (const int64_t row : rows) indices.push_back(task.train_examples.indices[static_cast<size_t>(row)]);
    return these_examples(*task.train, std::move(indices));
  };
  split.kept = examples_at(split.rows.kept);
  split.held_out = examples_at(split.rows.held_out);
  return split;
}

FeatureSet some_rows(const FeatureSet& all, const std::vector<int64_t>& rows) {
  FeatureSet some;
  for (const auto& [tap, values] : all.by_tap) some.by_tap[tap] = rows_of(values, rows);
  some.labels = rows_of(all.labels, rows);
  return some;
}

/// What the heads learn from and are judged on.
struct ProbeData {
  FeatureSet test;
  std::optional<FeatureSet> held_out;
  std::unique_ptr<Encoder> encoder;  // null: the source has features
  std::unique_ptr<BatchSource> source;
  std::vector<std::pair<std::string, int64_t>> widths;  // of the parts of the taps
};

/// Of what a gathering needs beyond the task.
struct Request {
  std::vector<std::string> parts;  // taps of the encoder
  std::string train_view;          // empty: the evaluation view
  int64_t batch_size = 0;
};

void gather_features(ProbeData& data, const Subject& subject, const Task& task, const TrainSplit& split,
                     const Request& request, const ProtocolContext& context) {
  FeatureSet train =
      extract_features(subject, task.train, task.train_examples, task.view, request.parts, context);
  if (split.held_out.size() > 0) data.held_out = some_rows(train, split.rows.held_out);
  std::vector<at::Tensor> columns;
  for (const std::string& part : request.parts) columns.push_back(train.by_tap.at(part));
  ExtractedExamples extracted{task.train, split.kept, split.rows.kept,
                              columns.size() == 1 ? columns.front() : at::cat(columns, 1), train.labels};
  data.source = std::make_unique<FeatureBatches>(std::move(extracted), request.batch_size, context.seed);
}

void gather_pictures(ProbeData& data, const Subject& subject, const Task& task, const TrainSplit& split,
                     const Request& request, const ProtocolContext& context) {
  if (split.held_out.size() > 0)
    data.held_out = extract_features(subject, task.train, split.held_out, task.view, request.parts, context);
  data.encoder = subject.encoder->clone();
  data.encoder->to(context.execution.device);
  data.source = make_loader(task.train, split.kept, make_views(request.train_view),
                            {.batch_size = request.batch_size,
                             .workers = context.workers,
                             .shuffle = true,
                             .drop_last = true,
                             .seed = context.seed,
                             .channels = static_cast<int>(subject.encoder->input().channels)});
}

ProbeData gather(const Subject& subject, const Task& task, const TrainSplit& split, const Request& request,
                 const ProtocolContext& context) {
  ProbeData data;
  data.test = extract_features(subject, task.test, task.test_examples, task.view, request.parts, context);
  for (const std::string& part : request.parts)
    data.widths.emplace_back(part, data.test.by_tap.at(part).size(1));
  if (request.train_view.empty()) {
    gather_features(data, subject, task, split, request, context);
  } else {
    gather_pictures(data, subject, task, split, request, context);
  }
  return data;
}

void add_trial(Record& record, const std::string& name, const ProbeTrials::Kept& kept) {
  Metric metric = share_metric("accuracy_" + name, kept.test.correct, kept.test.n,
                               1 / static_cast<double>(kept.test.class_n.size()));
  metric.column = "correct_" + name;
  record.outcomes->tables.front().columns[metric.column] = column_of(kept.test.is_correct);
  record.metrics.push_back(std::move(metric));
}

std::vector<std::string> warnings_of(const ProbeHeads& heads, const ProbeTrials& trials) {
  std::vector<std::string> warnings, diverged;
  const size_t count = heads.heads().size(), first = trials.trials().size() - count;
  double least = heads.heads().front().base_lr, most = least;
  for (size_t i = 0; i < count; ++i) {
    const ProbeHeads::Head& head = heads.heads()[i];
    least = std::min(least, head.base_lr);
    most = std::max(most, head.base_lr);
    if (trials.trials()[first + i].finite) continue;
    const std::string when =
        head.diverged_at > 0 ? fmt::format("in step {}", head.diverged_at) : "in the end";
    diverged.push_back(fmt::format("{} with base_lr {} {}", heads.tap_of(i), head.base_lr, when));
  }
  if (!diverged.empty()) {
    warnings.push_back(fmt::format("{} of {} heads diverged and were dropped: {}", diverged.size(), count,
                                   fmt::join(diverged, ", ")));
  }
  const double chosen = heads.heads()[trials.last().trial.head].base_lr;
  if (least < most && (chosen == least || chosen == most))
    warnings.push_back(fmt::format("the chosen base_lr = {} is at the edge of its grid", chosen));
  return warnings;
}

TrainedHead head_of(const ProbeHeads& heads, size_t head, const Subject& subject, const Task& task) {
  const auto [weight, bias] = heads.folded(head);
  return {.encoder_sha256 = subject.sha256,
          .tap = heads.tap_of(head),
          .view = task.view,
          .feature_norm = "none",
          .trained_as = "softmax",
          .class_names = task.train->class_names(),
          .weight = weight,
          .bias = bias};
}

Json resolved_of(const ProbeHeads& heads, const ProbeTrials& trials, const std::vector<std::string>& taps) {
  constexpr size_t kMostRows = 200;
  const size_t chosen = trials.last().trial.head;
  const ProbeHeads::Head& head = heads.heads()[chosen];
  Json resolved = {{"tap", heads.tap_of(chosen)},
                   {"base_lr", head.base_lr},
                   {"taps_tried", taps},
                   {"heads", heads.heads().size()},
                   {"trials", trials.trials().size()},
                   {"trial_table", trials.table(kMostRows)},
                   {"best", trials.to_json(trials.best().trial)},
                   {"parameters_trained", head.linear.weight.numel() + head.linear.bias.numel()}};
  if (const std::optional<double> accuracy = trials.held_out_accuracy(trials.last().trial))
    resolved["validation_accuracy"] = *accuracy;
  if (trials.selected() != nullptr) resolved["selected"] = trials.to_json(trials.selected()->trial);
  return resolved;
}

Record record_of(const ProbeHeads& heads, const ProbeTrials& trials, const ProbeData& data, const Task& task,
                 const std::vector<std::string>& taps) {
  Record record;
  const Classification& last = trials.last().test;
  record.metrics = classification_metrics(last);
  record.outcomes = classification_outcomes(last, data.test.labels, data.test.ids, task.test->class_names());
  if (trials.selected() != nullptr) add_trial(record, "selected", *trials.selected());
  add_trial(record, "best", trials.best());
  record.curves = trials.curves();
  record.resolved = resolved_of(heads, trials, taps);
  record.warnings = warnings_of(heads, trials);
  return record;
}

}  // namespace

SgdProbe::SgdProbe() {
  train_.epochs = 20;
  train_.batch_size = 256;
  train_.base_lr = kUnit;
  train_.warmup_epochs = 2;
  train_.weight_decay = 0;
  train_.beta2 = 0.999;
  train_.optimizer = "sgd";  // LARS is for large batches: by small ones it hardly moves
}

void SgdProbe::describe(Options& options) {
  options.add("base_lrs", &base_lrs_,
              {.help = "learning rates for 256 examples to choose from: a head for each on every tap; the "
                       "effective batch scales them, and train.min_lr is of a head with 1",
               .minimum = 1e-12,
               .maximum = 1e6});
  options.add("head_norm", &head_norm_,
              {.help = "batch norm without affine parameters before the heads, as in MAE's linear probing",
               .choices = {"batch", "none"}});
  options.add("head_std", &head_std_,
              {.help = "deviation of the heads' first weights", .minimum = 0, .maximum = 10});
  options.add("train_view", &train_view_,
              {.help = "training view; empty: the evaluation view, whose features are extracted once"});
  options.add("held_out", &held_out_,
              {.help = "share of train held out for choosing head and epoch; 0 with a single head: none",
               .minimum = 0,
               .maximum = 0.9});
  options.add("evaluate_every", &evaluate_every_,
              {.help = "epochs between evaluations of all heads; 0: only after the last epoch",
               .unit = "epochs",
               .minimum = 0,
               .maximum = 1e6});
  options.add_group("train", train_);
}

ProtocolResult SgdProbe::run(const Subject& subject, const Task& task, const ProtocolContext& context,
                             const std::vector<std::string>& taps) const {
  check(subject, taps);
  const TrainSplit split = split_of(task, held_out_, context.seed);
  check_batch(split.kept.size());
  ProbeData data =
      gather(subject, task, split, {distinct_parts(taps), train_view_, train_.batch_size}, context);
  const Encoder& backbone = data.encoder != nullptr ? *data.encoder : *subject.encoder;
  const std::string before = hash_of(backbone.parameters());
  const auto start = std::chrono::steady_clock::now();
  ProbeHeads heads(std::move(data.encoder), data.widths,
                   {.taps = taps,
                    .base_lrs = base_lrs_,
                    .trainer_base_lr = train_.base_lr,
                    .batch_norm = head_norm_ == "batch",
                    .head_std = head_std_,
                    .classes = static_cast<int64_t>(task.train->class_names().size()),
                    .seed = context.seed,
                    .device = context.execution.device});
  Trainer trainer(heads, *data.source, train_, context.execution, context.seed);
  ProbeTrials trials(heads, data.held_out ? &*data.held_out : nullptr, data.test, evaluate_every_, context);
  Observer* observers[] = {&trials};
  trainer.fit(observers);
  const std::string after = hash_of(backbone.parameters());
  if (before != after) throw std::logic_error("[linear_probe] expected a frozen encoder; got one that moved");
  if (!train_view_.empty()) context.on_source_read(data.source->statistics());

  Record record = record_of(heads, trials, data, task, taps);
  if (subject.features == nullptr)
    record.resolved.update({{"backbone_sha256_before", before}, {"backbone_sha256_after", after}});
  record.resolved["steps"] = trainer.total_steps();
  record.resolved["train_examples"] = split.kept.size();
  record.resolved["held_out_examples"] = split.held_out.size();
  record.cost["train_seconds"] =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  ProtocolResult result{std::move(record)};
  if (!subject.sha256.empty()) result.head = head_of(heads, trials.last().trial.head, subject, task);
  return result;
}

void SgdProbe::check(const Subject& subject, const std::vector<std::string>& taps) const {
  if (!each_once(taps)) refuse("taps", "at least one, each once", fmt::format("{}", fmt::join(taps, ", ")));
  if (!each_once(base_lrs_))
    refuse("sgd.base_lrs", "at least one, each once", fmt::format("{}", fmt::join(base_lrs_, ", ")));
  const size_t heads = taps.size() * base_lrs_.size();
  if (heads > 1 && held_out_ == 0)
    refuse("sgd.held_out", fmt::format("a share above 0 to choose among {} heads", heads), held_out_);
  if (train_.base_lr != kUnit || train_.lr != 0)
    refuse(train_.lr != 0 ? "sgd.train.lr" : "sgd.train.base_lr", "no change: sgd.base_lrs are the rates",
           train_.lr != 0 ? train_.lr : train_.base_lr);
  if (heads > 1 && train_.clip_norm > 0)
    refuse("sgd.train.clip_norm", fmt::format("0 with {} heads, which learn apart", heads), train_.clip_norm);
  if (head_norm_ == "batch" && train_.batch_size < 2)
    refuse("sgd.train.batch_size", "at least 2 examples with batch norm", train_.batch_size);
  if (train_view_.empty()) return;
  if (subject.features != nullptr)
    refuse("sgd.train_view", "none with a file of features", "'" + train_view_ + "'");
  if (const size_t views = make_views(train_view_).size(); views != 1)
    refuse("sgd.train_view", "one view of each picture", views);
}

void SgdProbe::check_batch(int64_t examples) const {
  const int64_t batch = train_.batch_size * train_.accumulation;
  if (batch <= examples) return;
  refuse("sgd.train.batch_size",
         fmt::format("at most the {} training examples, accumulation included", examples), batch);
}

}  // namespace repbench
