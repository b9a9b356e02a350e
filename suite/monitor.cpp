#include "suite/monitor.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <utility>
#include <vector>

#include "protocols/feature_quality.h"
#include "protocols/features.h"

namespace repbench {

void MonitorOptions::describe(Options& options) {
  options.add("every", &every,
              {.help = "epochs between looks at the features (RankMe, uniformity, deviation) in log.jsonl",
               .unit = "epochs",
               .minimum = 0,
               .maximum = 1e9,
               .zero = "never",
               .identity = false});
  options.add("pictures", &pictures,
              {.help = "held pictures that are looked at, class-balanced",
               .unit = "pictures",
               .minimum = 2,
               .maximum = 1e6,
               .identity = false});
  options.add("split", &split, {.help = "split of these pictures", .identity = false});
  options.add("tap", &tap,
              {.help = "the feature; empty: the first of the encoder's own list", .identity = false});
}

MonitorObserver::MonitorObserver(const MonitorOptions& options, std::shared_ptr<const Dataset> held,
                                 std::string view, int workers, const Execution& execution, uint64_t seed)
    : options_(options),
      held_(std::move(held)),
      examples_(draw_examples(*held_, all_examples(*held_), options.pictures, seed)),
      view_(std::move(view)),
      workers_(workers),
      execution_(execution) {
  if (examples_.size() < 2)
    throw std::invalid_argument(fmt::format(
        "[pretrain] key 'monitor.pictures': expected at least two pictures in the split {} of {}; got {}",
        held_->split(), held_->name(), examples_.size()));
}

void MonitorObserver::on_step(const StepReport& report, const Trainer& trainer) {
  const bool due = options_.every > 0 && report.step % (options_.every * report.steps_per_epoch) == 0;
  if (!due && report.step != report.total_steps) return;
  const auto start = std::chrono::steady_clock::now();
  const Encoder& encoder = trainer.objective().encoder();
  const std::vector<std::string> taps = {options_.tap.empty() ? encoder.default_taps().front()
                                                              : options_.tap};
  ProtocolContext context;
  context.execution = execution_;
  context.workers = workers_;
  const at::Tensor features =
      compute_features(encoder, held_, examples_, view_, taps, context).by_tap.at(taps[0]);
  step_ = report.step;
  measured_ = {{"rankme", rankme(features)},
               {"uniformity", uniformity(features)},
               {"feature_std", feature_std(features)}};
  measured_["monitor_seconds"] =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace repbench
