#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pretrain/trainer.h"
#include "protocols/features.h"
#include "protocols/metrics.h"
#include "protocols/probe_heads.h"

namespace repbench {

/// One head after one epoch.
struct ProbeTrial {
  size_t head = 0;
  double epoch = 0;    // passes over the training examples
  bool finite = true;  // else the head diverged: nothing is counted
  int64_t held_out_correct = 0, test_correct = 0;
};

/// Judges every head on held-out train and on the test set while the heads learn. Three trials are kept
/// apart: the last epoch of the head that is best on held-out train, the best on held-out train of all heads
/// and epochs, and the best on the test set. Ties go to the earlier epoch, then to the earlier head.
class ProbeTrials final : public Observer {
 public:
  struct Kept {
    ProbeTrial trial;
    Classification test;
  };

  /// Features of the parts of the heads' taps. `held_out` may be null where there is nothing to choose: a
  /// single head. All must outlive this. `evaluate_every`: epochs; 0: only after the last.
  ProbeTrials(const ProbeHeads& heads, const FeatureSet* held_out, const FeatureSet& test,
              int64_t evaluate_every, const ProtocolContext& context);

  void on_step(const StepReport& report, const Trainer&) override;

  /// Throws std::runtime_error "[linear_probe] step S: expected a head with finite scores; got none of H".
  void on_finish(const StepReport& report, const Trainer&) override;

  const std::vector<ProbeTrial>& trials() const { return trials_; }

  const Kept& last() const { return *last_; }
  const Kept* selected() const { return selected_ ? &*selected_ : nullptr; }  // null: nothing was held out
  const Kept& best() const { return *best_; }

  std::optional<double> held_out_accuracy(const ProbeTrial& trial) const;
  double test_accuracy(const ProbeTrial& trial) const;

  /// `tap`, `base_lr`, `epoch`, and the accuracies or `diverged_at_step`.
  Json to_json(const ProbeTrial& trial) const;

  /// The latest of them, at most so many.
  Json table(size_t most) const;

  /// Accuracy by epoch of the head of `last`, on the test set and on held-out train; none where only one
  /// epoch was judged.
  std::vector<Curve> curves() const;

 private:
  void judge(const StepReport& report);
  void keep(const ProbeTrial& trial, Classification test);

  const ProbeHeads& heads_;
  const FeatureSet* held_out_;
  const FeatureSet& test_;
  int64_t evaluate_every_;
  const ProtocolContext& context_;
  std::vector<ProbeTrial> trials_;
  std::optional<Kept> last_, selected_, best_;
};

}  // namespace repbench
