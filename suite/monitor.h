#pragma once

#include <memory>
#include <string>

#include "configs/options.h"
#include "datasets/dataset.h"
#include "datasets/splits.h"
#include "pretrain/execution.h"
#include "pretrain/trainer.h"

namespace repbench {

/// Watching what becomes of the features while they are learned. None of it changes the weights.
struct MonitorOptions {
  int64_t every = 0;
  int64_t pictures = 1000;
  std::string split = "test";
  std::string tap;

  void describe(Options& options);
};

/// Every so many epochs and at the end: RankMe, uniformity and feature deviation
/// (protocols/feature_quality.h) of held pictures under the encoder as it is then, one evaluation view each.
class MonitorObserver final : public Observer {
 public:
  /// Of `held` those of `options.pictures`, drawn class-balanced by `seed`. Throws std::invalid_argument
  /// "[pretrain] key 'monitor.pictures': ..." for fewer than two.
  MonitorObserver(const MonitorOptions& options, std::shared_ptr<const Dataset> held, std::string view,
                  int workers, const Execution& execution, uint64_t seed);

  void on_step(const StepReport& report, const Trainer& trainer) override;

  /// {"rankme": ..., "uniformity": ..., "feature_std": ..., "monitor_seconds": ...} of this step; an empty
  /// object where none was due.
  Json measured_at(int64_t step) const { return step == step_ ? measured_ : Json::object(); }

 private:
  MonitorOptions options_;
  std::shared_ptr<const Dataset> held_;
  IndexList examples_;
  std::string view_;
  int workers_;
  Execution execution_;
  int64_t step_ = -1;
  Json measured_ = Json::object();
};

}  // namespace repbench
