#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "configs/options.h"
#include "datasets/batch_source.h"
#include "pretrain/execution.h"
#include "pretrain/objective.h"
#include "pretrain/optimizer.h"

namespace repbench {

/// How long and how fast to learn. All durations become optimizer steps in one place (Trainer).
struct TrainOptions {
  double epochs = 10;
  int64_t batch_size = 256;
  int64_t accumulation = 1;
  double base_lr = 1.5e-4;
  double lr = 0;
  double min_lr = 0;
  double warmup_epochs = 1;
  double weight_decay = 0.05;
  double beta1 = 0.9;
  double beta2 = 0.95;
  double eps = 1e-8;
  double clip_norm = 0;
  std::string optimizer = "adamw";
  double momentum = 0.9;

  void describe(Options& options);
};

/// What an observer sees of a step.
struct StepReport {
  int64_t step = 0;  // steps done, this one included
  int64_t total_steps = 0;
  int64_t steps_per_epoch = 0;
  double epoch = 0;
  double learning_rate = 0;
  double gradient_norm = 0;
  double seconds = 0;         // spent in `fit` so far
  int64_t examples = 0;       // seen in `fit` so far
  Measurements measurements;  // means over micro-batches
  SourceStatistics data;      // of the source; `waited` in `fit` alone
};

class Trainer;

/// Sees steps; changes nothing.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_step(const StepReport&, const Trainer&) {}
  virtual void on_finish(const StepReport&, const Trainer&) {}
};

/// The one training loop: pretraining, SGD probes, partial and full fine-tuning.
class Trainer {
 public:
  /// The parts must outlive the trainer. Throws std::invalid_argument if an epoch has no full batch.
  Trainer(Objective& objective, BatchSource& source, const TrainOptions& options, const Execution& execution,
          uint64_t seed);

  /// Runs from the present step to the end. Throws std::runtime_error "[train] step S: expected a finite
  /// loss; got nan" before the update that would spread it. Returns the last report.
  StepReport fit(std::span<Observer* const> observers);

  /// Optimizer moments and counts: with model, objective and step, the whole state of a run. Streams are
  /// keyed by (seed, step, example), so there is no generator to save.
  NamedTensors optimizer_state() const { return optimizer_->state(); }

  int64_t step() const { return step_; }
  int64_t total_steps() const { return total_steps_; }
  void resume_at(int64_t step) { step_ = step; }
  Objective& objective() const { return objective_; }
  int64_t trainable_parameters() const { return optimizer_->trainable_elements(); }

 private:
  StepContext context_of(int64_t micro_batch) const;
  /// Runs the micro-batches of a step: their gradients add up; measurements and examples go to the report.
  void accumulate(int64_t epoch, StepReport& report);
  Batch next_batch(int64_t epoch);
  void check_finite(const Measurements& measurements) const;

  Objective& objective_;
  BatchSource& source_;
  TrainOptions options_;
  Execution execution_;
  uint64_t seed_;
  std::unique_ptr<Optimizer> optimizer_;
  int64_t steps_per_epoch_ = 0;
  int64_t total_steps_ = 0;
  int64_t step_ = 0;
};

}  // namespace repbench
