#include "pretrain/trainer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <stdexcept>

#include "pretrain/schedule.h"

namespace repbench {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void add_share(Measurements& sums, const Measurements& one, int64_t count) {
  if (sums.empty()) {
    for (const auto& [name, value] : one) sums.emplace_back(name, 0.0);
  }
  for (size_t i = 0; i < one.size(); ++i) sums[i].second += one[i].second / static_cast<double>(count);
}

std::unique_ptr<Optimizer> make_optimizer(std::vector<ParameterGroup> groups, const TrainOptions& options) {
  if (options.optimizer == "sgd") return std::make_unique<Sgd>(std::move(groups), options.momentum);
  if (options.optimizer == "lars") return std::make_unique<Lars>(std::move(groups), options.momentum);
  return std::make_unique<AdamW>(std::move(groups), AdamWOptions{options.beta1, options.beta2, options.eps});
}

}  // namespace

void TrainOptions::describe(Options& options) {
  options.add("epochs", &epochs,
              {.help = "passes over the training pictures; 0: initialise only",
               .unit = "epochs",
               .minimum = 0,
               .maximum = 1e5});
  options.add("batch_size", &batch_size,
              {.help = "examples a micro-batch", .unit = "examples", .minimum = 1, .maximum = 1 << 20});
  options.add("accumulation", &accumulation,
              {.help = "micro-batches a step", .minimum = 1, .maximum = 1 << 16});
  options.add("base_lr", &base_lr,
              {.help = "learning rate for 256 examples; scaled by the effective batch",
               .minimum = 0,
               .maximum = 100});
  options.add("lr", &lr,
              {.help = "learning rate as it stands; 0: base_lr for the batch", .minimum = 0, .maximum = 100});
  options.add("min_lr", &min_lr, {.help = "learning rate at the end", .minimum = 0, .maximum = 100});
  options.add("warmup_epochs", &warmup_epochs,
              {.help = "linear warm-up", .unit = "epochs", .minimum = 0, .maximum = 1e4});
  options.add("weight_decay", &weight_decay,
              {.help = "on tensors of two and more dimensions", .minimum = 0, .maximum = 10});
  options.add("beta1", &beta1, {.help = "AdamW's", .minimum = 0, .maximum = 0.99999});
  options.add("beta2", &beta2, {.help = "AdamW's", .minimum = 0, .maximum = 0.99999});
  options.add("eps", &eps, {.help = "AdamW's", .minimum = 1e-16, .maximum = 1});
  options.add("clip_norm", &clip_norm,
              {.help = "largest norm of all gradients; 0: no clipping", .minimum = 0, .maximum = 1e9});
  options.add("optimizer", &optimizer,
              {.help = "how gradients become updates", .choices = {"adamw", "sgd", "lars"}});
  options.add("momentum", &momentum, {.help = "sgd's and lars's", .minimum = 0, .maximum = 0.99999});
}

Trainer::Trainer(Objective& objective, BatchSource& source, const TrainOptions& options,
                 const Execution& execution, uint64_t seed)
    : objective_(objective),
      source_(source),
      options_(options),
      execution_(execution),
      seed_(seed),
      optimizer_(make_optimizer(objective.parameter_groups(options.weight_decay), options)) {
  const int64_t batches = source.batches_per_epoch().value_or(0);
  steps_per_epoch_ = batches / options.accumulation;
  if (steps_per_epoch_ < 1) {
    throw std::invalid_argument(
        fmt::format("[train] expected at least one step an epoch; got {} batches of {} and accumulation {}",
                    batches, options.batch_size, options.accumulation));
  }
  if (options.epochs > 0 && options.warmup_epochs > options.epochs) {
    throw std::invalid_argument(
        fmt::format("[train] key 'warmup_epochs': expected at most the {} epochs; got {}", options.epochs,
                    options.warmup_epochs));
  }
  total_steps_ = std::llround(options.epochs * static_cast<double>(steps_per_epoch_));
}

Batch Trainer::next_batch(int64_t epoch) {
  std::optional<Batch> batch = source_.next();
  if (!batch) throw std::logic_error(fmt::format("[train] epoch {} ended early", epoch));
  return std::move(*batch);
}

void Trainer::check_finite(const Measurements& measurements) const {
  for (const auto& [name, value] : measurements) {
    if (!std::isfinite(value)) {
      throw std::runtime_error(
          fmt::format("[train] step {}: expected a finite {}; got {}", step_ + 1, name, value));
    }
  }
}

StepContext Trainer::context_of(int64_t micro_batch) const {
  return {.step = step_,
          .total_steps = total_steps_,
          .epoch = static_cast<double>(step_) / static_cast<double>(steps_per_epoch_),
          .micro_batch = micro_batch,
          .micro_batches = options_.accumulation,
          .seed = seed_,
          .execution = &execution_,
          .backward = [share = static_cast<double>(options_.accumulation)](const at::Tensor& loss, bool) {
            (loss / share).backward();
          }};
}

void Trainer::accumulate(int64_t epoch, StepReport& report) {
  report.measurements.clear();
  for (int64_t micro = 0; micro < options_.accumulation; ++micro) {
    const Batch batch = next_batch(epoch);
    StepContext context = context_of(micro);
    add_share(report.measurements, objective_.step(batch, context), options_.accumulation);
    check_finite(report.measurements);
    report.examples += batch.size() * execution_.communicator->world();
  }
}

StepReport Trainer::fit(std::span<Observer* const> observers) {
  const int64_t batch = options_.batch_size * options_.accumulation;
  const double rate = options_.lr > 0 ? options_.lr : scaled_rate(options_.base_lr, batch);
  const CosineSchedule schedule{rate, options_.min_lr, options_.warmup_epochs, options_.epochs};
  const auto start = std::chrono::steady_clock::now();
  const double waited_before = source_.statistics().waited;
  StepReport report;
  report.step = step_;
  report.total_steps = total_steps_;
  report.steps_per_epoch = steps_per_epoch_;
  int64_t current_epoch = -1;
  while (step_ < total_steps_) {
    const int64_t epoch = step_ / steps_per_epoch_;
    if (epoch != current_epoch) {
      objective_.before_epoch(source_);
      source_.begin(epoch, (step_ % steps_per_epoch_) * options_.accumulation,
                    execution_.communicator->rank(), execution_.communicator->world());
      current_epoch = epoch;
    }
    report.epoch = static_cast<double>(step_) / static_cast<double>(steps_per_epoch_);
    report.learning_rate = schedule.rate(report.epoch);
    optimizer_->zero_gradients();
    accumulate(epoch, report);
    report.gradient_norm = optimizer_->clip_gradients(options_.clip_norm);
    check_finite({{"gradient norm", report.gradient_norm}});
    optimizer_->step(report.learning_rate, step_);
    objective_.after_step(context_of(options_.accumulation - 1));
    report.step = ++step_;
    report.seconds = seconds_since(start);
    report.data = source_.statistics();
    report.data.waited -= waited_before;
    for (Observer* observer : observers) observer->on_step(report, *this);
  }
  for (Observer* observer : observers) observer->on_finish(report, *this);
  return report;
}

}  // namespace repbench
