#include "suite/pretraining.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "datasets/loader.h"
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

std::unique_ptr<BatchSource> training_source(const PretrainOptions& options) {
  const auto dataset = open_dataset(DatasetSpec::parse(options.dataset), options.split);
  IndexList examples = all_examples(*dataset);
  const auto seed = static_cast<uint64_t>(options.seed);
  if (options.limit > 0) examples = draw_examples(*dataset, examples, options.limit, seed);
  return make_loader(dataset, std::move(examples), {make_view(options.view)},
                     {.batch_size = options.train.batch_size,
                      .workers = static_cast<int>(options.workers),
                      .shuffle = true,
                      .drop_last = true,
                      .seed = seed,
                      .channels = static_cast<int>(options.recipe->picture().first)});
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
  options.add("view", &view, {.help = "training view; empty: mae_train at the model's size"});
  options.add("eval_view", &eval_view,
              {.help = "evaluation view; empty: eval at 256/224 of the model's size"});
  options.add("mean", &mean,
              {.help = "per channel, of pixels in [0, 1]; empty: ImageNet's", .minimum = -10, .maximum = 10});
  options.add("std", &std, {.help = "per channel; empty: ImageNet's", .minimum = 1e-6, .maximum = 10});
  options.add("workers", &workers,
              {.help = "loader threads", .minimum = 1, .maximum = 256, .identity = false});
  options.add("checkpoint_every", &checkpoint_every,
              {.help = "steps between checkpoints; 0: every epoch",
               .unit = "steps",
               .minimum = 0,
               .maximum = 1e9,
               .identity = false});
  options.add("keep_checkpoints", &keep_checkpoints,
              {.help = "latest checkpoints kept", .minimum = 0, .maximum = 1e6, .zero = "all", .identity = false});
  options.add_group("train", train);
  execution.describe(options);
  recipe->describe(options);
}

InputSpec PretrainOptions::input() const {
  const auto [channels, size] = recipe->picture();
  InputSpec spec{channels, size, eval_view, mean, std};
  if (spec.view.empty()) spec.view = fmt::format("eval:{}:{}:bicubic", size * 256 / 224, size);
  if (spec.mean.empty()) spec.mean = channels == 1 ? std::vector{0.449} : std::vector{0.485, 0.456, 0.406};
  if (spec.std.empty()) spec.std = channels == 1 ? std::vector{0.226} : std::vector{0.229, 0.224, 0.225};
  const auto wanted = static_cast<size_t>(channels);
  if (spec.mean.size() != wanted || spec.std.size() != wanted) {
    throw std::invalid_argument(
        fmt::format("[pretrain] keys 'mean' and 'std': expected {} values each; got {} and {}", wanted,
                    spec.mean.size(), spec.std.size()));
  }
  return spec;
}

PretrainOptions load_pretrain_options(const Json& preset, const std::string& source,
                                      const std::vector<std::string>& assignments) {
  PretrainOptions options;
  options.recipe = make_recipe(objective_of(preset, assignments));
  Options fields;
  options.describe(fields);
  fields.set_all(preset, source);
  for (const std::string& assignment : assignments) fields.set_from_text(assignment);
  const int64_t size = options.recipe->picture().second;
  if (options.view.empty()) options.view = fmt::format("mae_train:{}", size);
  options.view = make_view(options.view)->specification();
  options.eval_view = make_view(options.input().view)->specification();
  const InputSpec input = options.input();
  options.mean = input.mean;
  options.std = input.std;
  if (options.label.empty()) options.label = options.objective == "mae" ? "MAE" : options.objective;
  return options;
}

Json resolved_options(PretrainOptions& options, bool identity_only) {
  Options fields;
  options.describe(fields);
  return fields.to_json(identity_only);
}

void run_pretraining(PretrainOptions& options, const std::filesystem::path& run, bool may_resume,
                     Progress& progress) {
  std::filesystem::create_directories(run);
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
  const std::unique_ptr<BatchSource> source = training_source(options);
  const std::unique_ptr<Objective> objective = options.recipe->make(options.input(), seed);
  move_to(*objective, execution.device);
  Trainer trainer(*objective, *source, options.train, execution, seed);
  TrainingCost before;
  if (started) before = resume(run, trainer, resolved_options(options, /*identity_only=*/true));
  if (started && trainer.step() >= trainer.total_steps()) return;

  CheckpointObserver checkpoints(run, resolved_options(options), before, options.checkpoint_every,
                                 static_cast<int>(options.keep_checkpoints));
  LogObserver log(run / "log.jsonl", trainer.step());
  ProgressObserver display(progress);
  Observer* observers[] = {&log, &display, &checkpoints};
  trainer.fit(observers);
}

}  // namespace repbench
