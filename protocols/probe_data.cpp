#include "protocols/probe_data.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <numeric>
#include <stdexcept>

#include "datasets/difficult_labels.h"
#include "protocols/fold_splits.h"
#include "protocols/ranking_metrics.h"

namespace repbench {
namespace {

std::vector<int64_t> rows_between(int64_t begin, int64_t end) {
  std::vector<int64_t> rows(static_cast<size_t>(end - begin));
  std::iota(rows.begin(), rows.end(), begin);
  return rows;
}

at::Tensor counted_of(const Truth& truth, int64_t classes) {
  return truth.counted.defined() ? truth.counted : at::ones({truth.labels.size(0), classes}, at::kBool);
}

Truth joined(const Truth& a, const Truth& b, int64_t classes) {
  Truth all{at::cat({a.labels, b.labels}), {}, {}};
  if (a.several() || b.several()) all.relevant = at::cat({a.targets(classes), b.targets(classes)});
  if (a.counted.defined() || b.counted.defined())
    all.counted = at::cat({counted_of(a, classes), counted_of(b, classes)});
  return all;
}

/// Puts the validation split's rows behind the training split's.
void append_validation(ProbeData& data, const Subject& subject, const Task& task,
                       std::span<const std::string> taps, const ProtocolContext& context) {
  const FeatureSet more =
      extract_features(subject, task.validation, task.validation_examples, task.view, taps, context);
  const int64_t before = data.train.labels.size(0), all = before + more.labels.size(0);
  for (auto& [tap, features] : data.train.by_tap) features = at::cat({features, more.by_tap.at(tap)});
  data.train.labels = at::cat({data.train.labels, more.labels});
  data.train.ids.insert(data.train.ids.end(), more.ids.begin(), more.ids.end());
  data.train_truth =
      joined(data.train_truth, truth_of(*task.validation, task.validation_examples), data.classes);
  data.splits = {{rows_between(0, before), rows_between(before, all)}};
}

void check_sizes(const Task& task, std::string_view where) {
  const auto refuse = [&](const char* what, const Dataset& dataset) {
    throw std::invalid_argument(fmt::format("[{}] expected {} examples; got none of {} ({})", where, what,
                                            dataset.name(), dataset.split()));
  };
  if (task.train_examples.size() == 0) refuse("training", *task.train);
  if (task.test_examples.size() == 0) refuse("test", *task.test);
  if (task.validation && task.validation_examples.size() == 0) refuse("validation", *task.validation);
}

}  // namespace

void SelectionOptions::describe(Options& options) {
  options.add("select_on", &on,
              {.help = "what settings are chosen on: a held-out part of train, folds of it, or (ridge) each "
                       "example by the others",
               .choices = {"held_out", "folds", "leave_one_out"}});
  options.add("held_out", &held_out,
              {.help = "share of train held out for choosing", .minimum = 0.01, .maximum = 0.9});
  options.add("folds", &folds, {.help = "parts of a cross-validation", .minimum = 2, .maximum = 100});
  options.add("validation_split", &validation_split,
              {.help = "split to choose on instead; the chosen is refitted on train and it together"});
}

Truth truth_of(const Dataset& dataset, const IndexList& examples) {
  Truth truth{at::empty({examples.size()}, at::kLong), {}, {}};
  const auto classes = static_cast<int64_t>(dataset.class_names().size());
  at::Tensor counted = at::ones({examples.size(), classes}, at::kBool);
  bool several = false;
  for (int64_t row = 0; row < examples.size(); ++row) {
    const int64_t index = examples.indices[static_cast<size_t>(row)];
    const std::vector<int64_t> labels = dataset.labels(index);
    several |= labels.size() != 1;
    truth.labels.mutable_data_ptr<int64_t>()[row] = labels.size() == 1 ? labels.front() : -1;
    for (const int64_t label : difficult_labels(dataset, index)) {
      counted.mutable_data_ptr<bool>()[row * classes + label] = false;
    }
  }
  if (several) truth.relevant = targets_of(dataset, examples);
  if (several && !counted.all().item<bool>()) truth.counted = counted;
  return truth;
}

ProbeData load_probe_data(const Subject& subject, const Task& task, std::span<const std::string> taps,
                          const SelectionOptions& selection, const ProtocolContext& context,
                          std::string_view where) {
  check_sizes(task, where);
  ProbeData data;
  data.classes = static_cast<int64_t>(task.train->class_names().size());
  data.train = extract_features(subject, task.train, task.train_examples, task.view, taps, context);
  data.test = extract_features(subject, task.test, task.test_examples, task.view, taps, context);
  data.train_truth = truth_of(*task.train, task.train_examples);
  data.test_truth = truth_of(*task.test, task.test_examples);
  if (task.validation) {
    append_validation(data, subject, task, taps, context);
  } else if (selection.on == "held_out") {
    data.splits = {selection_split(*task.train, task.train_examples, selection.held_out, context.seed)};
  } else if (selection.on == "folds") {
    data.splits = fold_splits(*task.train, task.train_examples, selection.folds, context.seed, where);
  }
  // What a few pictures show must not decide how the others are judged.
  if (data.train_truth.several() || data.test_truth.several()) {
    data.train_truth.relevant = data.train_truth.targets(data.classes);
    data.test_truth.relevant = data.test_truth.targets(data.classes);
  }
  return data;
}

}  // namespace repbench
