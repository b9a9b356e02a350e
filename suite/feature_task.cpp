#include "suite/feature_task.h"

#include <fmt/format.h>

#include <stdexcept>

#include "protocols/stored_features.h"

namespace repbench {
namespace {

constexpr std::string_view kPrefix = "features:";

std::shared_ptr<const Dataset> rows_of_split(const Subject& subject, const std::string& split) {
  return std::make_shared<FeatureRows>(subject.features, subject.features->rows_of_split(split), split);
}

void check_labels(const Subject& subject, const Dataset& dataset, const ProtocolKind& kind) {
  for (int64_t row = 0; row < dataset.size(); ++row) {
    if (dataset.label(row) >= 0) continue;
    throw std::invalid_argument(
        fmt::format("[{}] {}: expected a label for every row of {}; got none for '{}'", kind.name,
                    subject.features->path.string(), dataset.split(), dataset.id(row)));
  }
}

/// Unless all rows shall be both (leave-one-out).
bool needs_our_split(const Subject& subject, const ProtocolKind& kind, const EvaluateOptions& options) {
  return subject.features->split.empty() && kind.on_features == OnFeatures::train_and_test_rows &&
         options.train_split != options.test_split;
}

}  // namespace

std::string feature_dataset(const Subject& subject) {
  return std::string(kPrefix) + subject.features->dataset;
}

bool is_feature_dataset(const std::string& dataset) { return dataset.starts_with(kPrefix); }

Task open_feature_task(const Subject& subject, const ProtocolKind& kind, const EvaluateOptions& options) {
  const auto seed = static_cast<uint64_t>(options.seed);
  const bool has_split = !subject.features->split.empty();
  Task task;
  task.test = has_split ? rows_of_split(subject, options.test_split)
                        : std::make_shared<FeatureRows>(subject.features,
                                                        subject.features->rows_of_split("test"), "all rows");
  task.train = task.test;
  task.test_examples = all_examples(*task.test);
  if (kind.needs == Needs::labels) check_labels(subject, *task.test, kind);
  if (kind.on_features == OnFeatures::train_and_test_rows) {
    if (!needs_our_split(subject, kind, options)) {
      if (has_split) task.train = rows_of_split(subject, options.train_split);
      task.train_examples = all_examples(*task.train);
      check_labels(subject, *task.train, kind);
    } else {
      HoldOut parts = hold_out(*task.test, task.test_examples, options.test_share, seed);
      task.train_examples = std::move(parts.kept);
      task.test_examples = std::move(parts.held_out);
    }
    if (options.train_limit > 0)
      task.train_examples = draw_examples(*task.train, task.train_examples, options.train_limit, seed);
  }
  if (options.limit > 0)
    task.test_examples = draw_examples(*task.test, task.test_examples, options.limit, seed);
  return task;
}

std::string feature_task_warning(const Subject& subject, const ProtocolKind& kind,
                                 const EvaluateOptions& options) {
  if (!needs_our_split(subject, kind, options)) return "";
  return fmt::format(
      "the file says no split: {:.0f} % of its rows are the test set, drawn here by their ids and seed {}",
      100 * options.test_share, options.seed);
}

}  // namespace repbench
