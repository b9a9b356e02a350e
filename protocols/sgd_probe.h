#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "configs/options.h"
#include "pretrain/trainer.h"
#include "protocols/protocol.h"

namespace repbench {

/// Linear classifiers by gradient descent on a frozen encoder, many in one pass: a head for every tap and
/// base learning rate, on pictures that may be varied anew in every epoch. MAE's (He et al. 2022, appendix
/// A.1), MoCo v3's, DINO's and DINOv2's linear probing are settings of it (configs/protocols/). Without a
/// training view, features are extracted once and served from memory, which changes no batch.
class SgdProbe {
 public:
  SgdProbe();

  /// Below the group "sgd".
  void describe(Options& options);

  /// `taps`: of the encoder, or several with | between them (protocols/joined_taps.h).
  /// Metrics: accuracy (headline, with mean_per_class_accuracy and accuracy_top5) is that of the last epoch
  /// of the head that is best on held-out train after it; accuracy_selected that of the head and epoch that
  /// are best on held-out train, absent where nothing is held out; accuracy_best that of those best on the
  /// test set. Throws std::invalid_argument "[linear_probe] key 'sgd.KEY': expected ...; got ..." before
  /// anything is read, and std::runtime_error "[train] step S: ..." if every head diverges.
  ProtocolResult run(const Subject& subject, const Task& task, const ProtocolContext& context,
                     const std::vector<std::string>& taps) const;

 private:
  void check(const Subject& subject, const std::vector<std::string>& taps) const;
  void check_batch(int64_t examples) const;

  std::vector<double> base_lrs_ = {0.003, 0.01, 0.03, 0.1, 0.3};
  std::string head_norm_ = "batch";
  double head_std_ = 0.01;
  std::string train_view_;
  double held_out_ = 0.1;
  int64_t evaluate_every_ = 0;
  TrainOptions train_;
};

}  // namespace repbench
