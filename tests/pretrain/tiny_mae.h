#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "datasets/loader.h"
#include "pretrain/objectives/mae.h"
#include "pretrain/trainer.h"
#include "tests/datasets/toy_dataset.h"

// A masked autoencoder that learns in milliseconds: grey pictures of 8 x 8, sixteen patches.

namespace repbench {

inline VitOptions tiny_vit_options() {
  VitOptions options;
  options.image_size = 8;
  options.patch_size = 2;
  options.channels = 1;
  options.width = 16;
  options.depth = 2;
  options.heads = 2;
  return options;
}

inline MaeOptions tiny_mae_options() {
  MaeOptions options;
  options.decoder_depth = 1;
  options.decoder_width = 12;
  options.decoder_heads = 3;
  return options;
}

inline InputSpec tiny_input() { return {1, 8, "small_eval:8", {0.5}, {0.25}}; }

/// The options of tiny_vit_options and tiny_mae_options as a run's configuration holds them.
inline Json tiny_options_json() {
  VitOptions vit = tiny_vit_options();
  MaeOptions mae = tiny_mae_options();
  Options fields;
  fields.add_group("model", vit);
  fields.add_group("mae", mae);
  Json json = fields.to_json();
  json["objective"] = "mae";
  return json;
}

/// Initialised as a run would be.
inline std::unique_ptr<Objective> make_tiny_mae(uint64_t seed = 1,
                                                const Json& options = tiny_options_json()) {
  const std::unique_ptr<Recipe> recipe = make_recipe("mae");
  Options fields;
  recipe->describe(fields);
  Json groups = options;
  groups.erase("objective");
  fields.set_all(groups, "test");
  return recipe->make(tiny_input(), nullptr, seed);
}

/// Twenty pictures in batches of `batch_size`: 2 batches of 8 an epoch.
inline std::unique_ptr<BatchSource> tiny_source(int64_t batch_size = 8, int workers = 1,
                                                const std::string& view = "mae_train:8") {
  const std::shared_ptr<const Dataset> dataset = ToyDataset::of(20, 5);
  LoaderOptions options;
  options.batch_size = batch_size;
  options.workers = workers;
  options.shuffle = true;
  options.drop_last = true;
  options.seed = 3;
  return make_loader(dataset, all_examples(*dataset), {make_view(view)}, options);
}

inline TrainOptions tiny_train_options() {
  TrainOptions options;
  options.epochs = 5;
  options.batch_size = 8;
  options.base_lr = 0.03;
  options.warmup_epochs = 1;
  options.clip_norm = 1;
  return options;
}

/// A run: ten steps in five epochs.
struct TinyRun {
  explicit TinyRun(int workers = 1, Precision precision = Precision::fp32,
                   TrainOptions options = tiny_train_options())
      : source(tiny_source(options.batch_size, workers)),
        trainer(*objective, *source, options, execution_of(precision), 7) {}

  static Execution execution_of(Precision precision) {
    Execution execution;
    execution.precision = precision;
    return execution;
  }

  /// Model, objective and optimizer: everything that learning changes.
  NamedTensors state() const {
    NamedTensors all = objective->encoder().parameters();
    for (const NamedTensors& more : {objective->own_tensors(), trainer.optimizer_state()}) {
      all.insert(all.end(), more.begin(), more.end());
    }
    return all;
  }

  std::unique_ptr<Objective> objective = make_tiny_mae();
  std::unique_ptr<BatchSource> source;
  Trainer trainer;
};

/// Random pictures with keys, as a loader would give them.
inline Batch noise_batch(int64_t examples, int64_t channels, int64_t size) {
  Batch batch;
  batch.views.push_back({at::randint(0, 256, {examples, size, size, channels}, at::kByte), Axes::BHWC});
  batch.labels = at::arange(examples);
  for (int64_t i = 0; i < examples; ++i) {
    batch.indices.push_back(i);
    batch.keys.push_back(hash64(fmt::format("noise/{}", i)));
  }
  return batch;
}

}  // namespace repbench
