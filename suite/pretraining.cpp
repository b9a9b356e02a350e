#include "suite/pretraining.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "datasets/loader.h"
#include "files/descriptor.h"
#include "files/lock.h"
#include "suite/observers.h"

namespace repbench {
namespace {

/// `objective` decides which keys exist, so it is read before the rest.
std::string objective_of(const Json& preset, const std::vector<std::string>& assignments) {
  std::string objective = PretrainOptions().objective;
  if (preset.is_object() && preset.contains("objective") && preset["objective"].is_string()) {
    objective = preset["objective"].get<std::string>();
  }
  for (const std::string& assignment : assignments) {
    if (assignment.starts_with("objective=")) objective = assignment.substr(10);
  }
  return objective;
}

struct TrainingData {
  std::shared_ptr<const Dataset> dataset;
  IndexList examples;
};

TrainingData open_training_data(const PretrainOptions& options) {
  TrainingData data{open_dataset(DatasetSpec::parse(options.dataset), options.split), {}};
  data.examples = all_examples(*data.dataset);
  if (options.limit > 0) {
    data.examples =
        draw_examples(*data.dataset, data.examples, options.limit, static_cast<uint64_t>(options.seed));
  }
  return data;
}

/// Which data it was: a run is resumed on the same alone.
Json identity_of(const TrainingData& data) {
  return {{"name", data.dataset->name()},
          {"sha256", data.dataset->provenance().sha256},
          {"hashed", data.dataset->provenance().hashed},
          {"examples", data.examples.size()},
          {"examples_sha256", data.examples.hash}};
}

/// A vocabulary is trained on the captions of at most this many examples, the first in the list.
constexpr int64_t kVocabularyExamples = 20000;

std::shared_ptr<const Tokenizer> make_tokenizer(const TextRecipe& text, const TrainingData& data) {
  if (text.tokenizer == "clip") return clip_tokenizer();
  std::vector<std::string> captions;
  for (const int64_t index : data.examples.indices) {
    if (static_cast<int64_t>(captions.size()) >= kVocabularyExamples) break;
    for (std::string& caption : data.dataset->captions(index)) captions.push_back(std::move(caption));
  }
  if (captions.empty()) {
    throw std::invalid_argument(
        fmt::format("[pretrain] key 'dataset': expected captions; {} has none", data.dataset->name()));
  }
  return train_bpe(captions, text.vocabulary_size);
}

std::unique_ptr<BatchSource> make_source(const PretrainOptions& options, TrainingData data,
                                         std::shared_ptr<const Tokenizer> tokenizer) {
  const std::optional<TextRecipe> text = options.recipe->text();
  return make_loader(data.dataset, std::move(data.examples), make_views(options.view),
                     {.batch_size = options.train.batch_size,
                      .workers = static_cast<int>(options.workers),
                      .shuffle = true,
                      .shuffle_window = options.shuffle_window,
                      .drop_last = true,
                      .seed = static_cast<uint64_t>(options.seed),
                      .channels = static_cast<int>(options.recipe->input().channels),
                      .regions = true,
                      .tolerate_broken = options.tolerate_broken,
                      .tokenizer = std::move(tokenizer),
                      .context_length = text ? text->context_length : 0});
}

/// Null where none is asked for.
std::unique_ptr<MonitorObserver> make_monitor(const PretrainOptions& options, const Execution& execution) {
  if (options.monitor.every == 0) return nullptr;
  return std::make_unique<MonitorObserver>(
      options.monitor, open_dataset(DatasetSpec::parse(options.dataset), options.monitor.split),
      options.input().view, static_cast<int>(options.workers), execution,
      static_cast<uint64_t>(options.seed));
}

}  // namespace

void PretrainOptions::describe(Options& options) {
  options.add("objective", &objective, {.help = "how to learn (see: repbench list objectives)"});
  options.add("seed", &seed, {.help = "of everything random", .minimum = 0, .maximum = 9e15});
  options.add("label", &label,
              {.help = "the row's name in tables; empty: the objective's", .identity = false});
  options.add("dataset", &dataset, {.help = "kind, or kind:path"});
  options.add("split", &split, {.help = "split to learn from"});
  options.add("limit", &limit,
              {.help = "training pictures, class-balanced",
               .unit = "pictures",
               .minimum = 0,
               .maximum = 1e12,
               .zero = "all"});
  options.add("view", &view, {.help = "training view; empty: the objective's own at the model's size"});
  options.add("eval_view", &eval_view,
              {.help = "evaluation view; empty: the objective's own at the model's size"});
  options.add("mean", &mean,
              {.help = "per channel, of pixels in [0, 1]; empty: the objective's own",
               .minimum = -10,
               .maximum = 10});
  options.add("std", &std,
              {.help = "per channel; empty: the objective's own", .minimum = 1e-6, .maximum = 10});
  options.add("workers", &workers,
              {.help = "loader threads", .minimum = 1, .maximum = 256, .identity = false});
  options.add("tolerate_broken", &tolerate_broken,
              {.help = "share of the pictures that may be broken: each is named, and replaced by another",
               .minimum = 0,
               .maximum = 0.5});
  options.add("shuffle_window", &shuffle_window,
              {.help = "data in tar shards: examples shuffled together, after the shards",
               .unit = "pictures",
               .minimum = 0,
               .maximum = 1e12,
               .zero = "all"});
  options.add("checkpoint_every", &checkpoint_every,
              {.help = "steps between checkpoints; 0: every epoch",
               .unit = "steps",
               .minimum = 0,
               .maximum = 1e9,
               .identity = false});
  options.add(
      "keep_checkpoints", &keep_checkpoints,
      {.help = "latest checkpoints kept", .minimum = 0, .maximum = 1e6, .zero = "all", .identity = false});
  options.add_group("monitor", monitor);
  options.add_group("train", train);
  execution.describe(options);
  recipe->describe(options);
}

InputSpec PretrainOptions::input() const {
  InputSpec spec = recipe->input();
  if (!eval_view.empty()) spec.view = eval_view;
  if (!mean.empty()) spec.mean = mean;
  if (!std.empty()) spec.std = std;
  const auto wanted = static_cast<size_t>(spec.channels);
  if (spec.mean.size() != wanted || spec.std.size() != wanted) {
    throw std::invalid_argument(
        fmt::format("[pretrain] keys 'mean' and 'std': expected {} values each; got {} and {}", wanted,
                    spec.mean.size(), spec.std.size()));
  }
  return spec;
}

PretrainOptions load_pretrain_options(const Json& preset, const std::string& source,
                                      const std::vector<std::string>& assignments,
                                      const std::string& assigned_by) {
  PretrainOptions options;
  options.recipe = make_recipe(objective_of(preset, assignments));
  Options fields;
  options.describe(fields);
  fields.set_all(preset, source);
  for (const std::string& assignment : assignments) fields.set_from_text(assignment, assigned_by);
  if (options.view.empty()) options.view = options.recipe->training_view();
  const Views views = make_views(options.view);
  if (views.size() != 1) {
    throw std::invalid_argument(
        fmt::format("[{}] key 'view': expected one view of each picture for {}; got {}", source,
                    options.objective, views.size()));
  }
  options.view = views.front()->specification();
  const std::unique_ptr<ViewTransform> eval_view = make_view(options.input().view);
  if (eval_view->random()) {
    throw std::invalid_argument(fmt::format("[{}] key 'eval_view': expected a view without chance; got '{}'",
                                            source, eval_view->specification()));
  }
  options.eval_view = eval_view->specification();
  const InputSpec input = options.input();
  options.mean = input.mean;
  options.std = input.std;
  if (options.label.empty()) options.label = options.recipe->label();
  return options;
}

Json resolved_options(PretrainOptions& options, bool identity_only) {
  Options fields;
  options.describe(fields);
  return fields.to_json(identity_only);
}

void run_pretraining(PretrainOptions& options, const std::filesystem::path& run, bool may_resume,
                     Progress& progress) {
  create_folder(run, "pretrain");
  const std::optional<FileLock> lock = FileLock::try_acquire(run / "lock");
  if (!lock)
    throw std::runtime_error(fmt::format("[pretrain] {}: another process is writing here", run.string()));
  const bool started = latest_checkpoint(run).has_value();
  if (started && !may_resume) {
    throw std::invalid_argument(
        fmt::format("[pretrain] {}: holds a run already; give --resume to go on with it, or another --out",
                    run.string()));
  }
  const Execution execution = start_execution(options.execution);
  const auto seed = static_cast<uint64_t>(options.seed);
  TrainingData data = open_training_data(options);
  std::shared_ptr<const Tokenizer> tokenizer;
  if (const std::optional<TextRecipe> text = options.recipe->text())
    tokenizer = started ? stored_tokenizer(run) : make_tokenizer(*text, data);
  const std::unique_ptr<Objective> objective = options.recipe->make(options.input(), tokenizer, seed);
  const Json data_identity = identity_of(data);
  const auto with_data = [&](Json stored) {
    stored["data"] = data_identity;
    return stored;
  };
  const std::unique_ptr<BatchSource> source = make_source(options, std::move(data), tokenizer);
  move_to(*objective, execution.device);
  Trainer trainer(*objective, *source, options.train, execution, seed);
  TrainingCost before;
  if (started) before = resume(run, trainer, with_data(resolved_options(options, /*identity_only=*/true)));
  if (started && trainer.step() >= trainer.total_steps()) return;

  CheckpointObserver checkpoints(run, with_data(resolved_options(options)), before, options.checkpoint_every,
                                 static_cast<int>(options.keep_checkpoints));
  const std::unique_ptr<MonitorObserver> monitor = make_monitor(options, execution);
  LogObserver log(run / "log.jsonl", trainer.step(), monitor.get());
  ProgressObserver display(progress);
  std::vector<Observer*> observers = {&log, &display, &checkpoints};
  if (monitor != nullptr) observers.insert(observers.begin(), monitor.get());
  trainer.fit(observers);
}

}  // namespace repbench
