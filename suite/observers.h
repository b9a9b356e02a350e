#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>

#include "pretrain/checkpoint.h"
#include "pretrain/trainer.h"
#include "suite/monitor.h"
#include "suite/progress.h"

namespace repbench {

/// Saves every `every` steps (0: every epoch) and at the end.
class CheckpointObserver final : public Observer {
 public:
  CheckpointObserver(std::filesystem::path run, Json options, TrainingCost before, int64_t every, int keep);
  void on_step(const StepReport& report, const Trainer& trainer) override;
  void on_finish(const StepReport& report, const Trainer& trainer) override;

 private:
  void save(const StepReport& report, const Trainer& trainer);
  std::filesystem::path run_;
  Json options_;
  TrainingCost before_;
  int64_t every_;
  int keep_;
  int64_t saved_ = -1;
};

/// One JSON line a step: step, epoch, learning rate, gradient norm, measurements, pictures/s, share of time
/// waited, seconds of the loader's threads by stage, broken pictures if there are any; what the monitor,
/// which observes before it, measured at this step. Lines behind `resumed_at`, left by a killed run, are
/// dropped.
class LogObserver final : public Observer {
 public:
  LogObserver(const std::filesystem::path& file, int64_t resumed_at,
              const MonitorObserver* monitor = nullptr);
  void on_step(const StepReport& report, const Trainer& trainer) override;

 private:
  std::filesystem::path path_;
  const MonitorObserver* monitor_;
  std::ofstream out_;
};

class ProgressObserver final : public Observer {
 public:
  explicit ProgressObserver(Progress& progress) : progress_(progress) {}
  void on_step(const StepReport& report, const Trainer& trainer) override;
  void on_finish(const StepReport& report, const Trainer& trainer) override;

 private:
  Progress& progress_;
  size_t broken_ = 0;  // pictures that were named
};

}  // namespace repbench
