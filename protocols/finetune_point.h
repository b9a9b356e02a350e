#pragma once

#include <optional>
#include <string>

#include "pretrain/trainer.h"
#include "protocols/classifier.h"
#include "protocols/metrics.h"
#include "protocols/protocol.h"

namespace repbench {

inline constexpr const char* kFromScratch = "from scratch";

/// What is the same at every point of fine-tuning.
struct FinetunePlan {
  Classifier::Settings classifier;  // classes, first_stage and seed are the point's
  TrainOptions train;
  std::string train_view;     // not empty
  bool prefix_cache = false;  // compute what frozen stages give of the training pictures once
};

/// One tuned model, judged on the whole test set.
struct FinetunePoint {
  std::string name;                           // "0", "0.5", "1", ..., "all", "from scratch"
  Classification result;                      // by the averaged weights where an average is kept,
  std::optional<Classification> without_ema;  // and then by the last ones
  HeadNorm head_norm = HeadNorm::batch;
  double head_std = 0;
  int64_t trainable = 0;
  double train_loss = 0;
  double seconds = 0;
  std::optional<TrainedHead> head;  // where no stage of the encoder was tuned
  std::string warning;              // "": none
};

/// Tunes a copy of the subject's encoder, or trains its architecture from random weights, and judges it. At
/// point 0 the head is linear probing's (a batch norm, weights from N(0, 0.01^2)) where the plan's is
/// fc_norm, which would replace a norm that is not tuned.
FinetunePoint tune_point(const std::string& name, const FinetunePlan& plan, const Subject& subject,
                         const Task& task, const IndexList& chosen, const ProtocolContext& context);

}  // namespace repbench
