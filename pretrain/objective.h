#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "configs/options.h"
#include "datasets/batch.h"
#include "datasets/batch_source.h"
#include "datasets/text/tokenizer.h"
#include "pretrain/encoder.h"
#include "pretrain/execution.h"
#include "pretrain/tensors.h"

namespace repbench {

/// What a step may know. Scaling under accumulation, and the all-reduce after the last backward of the last
/// micro-batch, live behind `backward`.
struct StepContext {
  int64_t step = 0;  // optimizer steps done
  int64_t total_steps = 0;
  double epoch = 0;         // fractional
  int64_t micro_batch = 0;  // index among micro_batches
  int64_t micro_batches = 1;
  uint64_t seed = 0;
  const Execution* execution = nullptr;

  /// Adds the loss's gradients. May be called several times in a step; `last` marks the final call.
  std::function<void(const at::Tensor& loss, bool last)> backward;
};

/// Named numbers of a step; the first is the loss.
using Measurements = std::vector<std::pair<std::string, double>>;

struct ParameterGroup {
  NamedTensors parameters;
  std::function<double(int64_t step)> lr_scale;  // factor on the schedule's rate
  std::function<double(int64_t step)> weight_decay;
};

/// Two groups of what requires a gradient: tensors of two and more dimensions decay; biases, norms and other
/// vectors do not (timm's rule; MAE's tokens, which have three dimensions, do decay).
std::vector<ParameterGroup> decay_groups(const NamedTensors& parameters, double weight_decay);

/// A way to learn: turns a batch into gradients. It never sees the trainer.
class Objective {
 public:
  virtual ~Objective() = default;

  virtual Measurements step(const Batch& batch, StepContext& context) = 0;

  virtual std::vector<ParameterGroup> parameter_groups(double weight_decay) = 0;

  /// The encoder that is exported.
  virtual Encoder& encoder() = 0;

  /// Everything else that must survive a restart: decoder, teacher, queue, head.
  virtual NamedTensors own_tensors() = 0;

  virtual void before_epoch(BatchSource&) {}
  virtual void after_step(const StepContext&) {}

  /// Multiply-accumulates of one training example, forward (backward is counted as twice that).
  virtual int64_t forward_macs() const = 0;
};

/// Moves the encoder and everything else that the objective owns.
void move_to(Objective& objective, at::Device device);

/// Which texts an objective learns from.
struct TextRecipe {
  std::string tokenizer;        // "clip", or "bpe": trained on the data set's captions
  int64_t vocabulary_size = 0;  // of bpe
  int64_t context_length = 77;
};

/// The options of a kind of objective, the model's included, and how to build it.
class Recipe {
 public:
  virtual ~Recipe() = default;

  /// Binds groups such as "model" and "mae".
  virtual void describe(Options& options) = 0;

  /// What holds where the configuration leaves it open, known once options are set: what the model takes, and
  /// how pictures are varied for it.
  virtual std::string label() const = 0;  // the row's name in tables
  virtual InputSpec input() const = 0;
  virtual std::string training_view() const = 0;

  /// Nothing for an objective of pictures alone.
  virtual std::optional<TextRecipe> text() const { return std::nullopt; }

  /// Initialised from the seed alone. `tokenizer` is null without texts.
  virtual std::unique_ptr<Objective> make(const InputSpec& input,
                                          const std::shared_ptr<const Tokenizer>& tokenizer,
                                          uint64_t seed) const = 0;
};

/// A row of the table of objectives (pretrain/objectives/kinds.cpp).
struct ObjectiveKind {
  std::string_view name;
  std::string_view summary;
  std::unique_ptr<Recipe> (*recipe)();
};
std::span<const ObjectiveKind> objective_kinds();

/// Throws std::invalid_argument naming the nearest kind.
std::unique_ptr<Recipe> make_recipe(std::string_view objective);

}  // namespace repbench
