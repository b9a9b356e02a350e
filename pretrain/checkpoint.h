#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "files/json.h"
#include "pretrain/encoder.h"
#include "pretrain/objective.h"
#include "pretrain/trainer.h"

// RUN/step-000500/  model.safetensors      the encoder alone: timm's names, or open_clip's for CLIP
//                   objective.safetensors  decoder, teacher, heads
//                   state.safetensors      optimizer moments, state.json: step and seconds trained
//                   config.json            encoder kind and config, input, resolved options
//                   tokenizer.json         where there is a text side
// RUN/latest        one line, the folder's name; replaced atomically after the folder is in place.

namespace repbench {

/// Cost of the training so far, over all interruptions.
struct TrainingCost {
  double seconds = 0;
  int64_t examples = 0;
  double final_loss = 0;
  int64_t broken_pictures = 0;  // most of any stretch: each starts counting anew
};

/// What a checkpoint is written from.
struct CheckpointContent {
  const Trainer& trainer;
  Json options;  // resolved options of the run
  TrainingCost cost;
};

/// Writes RUN/step-NNNNNN atomically, then `latest`, then removes all but the last `keep` checkpoints (0:
/// keep all) and what killed processes left. One writer a run: the caller holds its lock.
void save_checkpoint(const std::filesystem::path& run, const CheckpointContent& content, int keep);

/// The step folder that `latest` names, if there is one.
std::optional<std::filesystem::path> latest_checkpoint(const std::filesystem::path& run);

/// Puts the latest state into a trainer and its objective; the cost so far. Throws std::invalid_argument
/// naming the file and the first differing option if the run was made with other options.
TrainingCost resume(const std::filesystem::path& run, Trainer& trainer, const Json& options);

/// The tokenizer of the latest checkpoint; null if its encoder has no text side.
std::shared_ptr<const Tokenizer> stored_tokenizer(const std::filesystem::path& path);

/// An encoder and what is known about it.
struct LoadedEncoder {
  std::shared_ptr<Encoder> encoder;
  Json config;                             // config.json
  std::string sha256;                      // over the encoder's tensors
  std::vector<std::string> warnings = {};  // what a reader of its numbers has to know
};

/// `path` is a run folder or a step folder.
/// Throws std::invalid_argument naming the file and what is wrong with it.
LoadedEncoder load_encoder(const std::filesystem::path& path);

/// The encoder and objective of a checkpoint, for looking at what was learned (reconstructions).
std::unique_ptr<Objective> load_objective(const std::filesystem::path& path);

}  // namespace repbench
