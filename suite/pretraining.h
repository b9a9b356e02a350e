#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "configs/options.h"
#include "pretrain/checkpoint.h"
#include "pretrain/execution.h"
#include "pretrain/objective.h"
#include "pretrain/trainer.h"
#include "suite/monitor.h"
#include "suite/progress.h"

namespace repbench {

/// Everything that a pretraining run is made of. The objective's own options, the model's included, come from
/// its recipe, so which keys exist depends on `objective`.
struct PretrainOptions {
  std::string objective = "mae";
  int64_t seed = 0;
  std::string label;
  std::string dataset = "fashion_mnist";
  std::string split = "train";
  int64_t limit = 0;
  std::string view;
  std::string eval_view;
  std::vector<double> mean, std;
  int64_t workers = 1;
  double tolerate_broken = 0.001;
  int64_t shuffle_window = 0;
  int64_t checkpoint_every = 0;
  int64_t keep_checkpoints = 1;
  MonitorOptions monitor;
  TrainOptions train;
  ExecutionOptions execution;
  std::unique_ptr<Recipe> recipe;

  void describe(Options& options);

  /// What the encoder will expect: sizes from the recipe, mean and std given or ImageNet's.
  InputSpec input() const;
};

/// A preset, then further assignments in order. Throws std::invalid_argument naming the source (of the
/// preset, or who assigned) and the key.
PretrainOptions load_pretrain_options(const Json& preset, const std::string& source,
                                      const std::vector<std::string>& assignments,
                                      const std::string& assigned_by = "command line");

/// The resolved options as they are stored with checkpoints and reports.
Json resolved_options(PretrainOptions& options, bool identity_only = false);

/// Runs or resumes to the end; a finished run returns at once. Writes checkpoints and log.jsonl into `run`.
/// Without `may_resume` a run folder that holds a checkpoint is refused.
void run_pretraining(PretrainOptions& options, const std::filesystem::path& run, bool may_resume,
                     Progress& progress);

}  // namespace repbench
