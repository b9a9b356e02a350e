#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "datasets/loader.h"
#include "pretrain/checkpoint.h"
#include "pretrain/objective.h"
#include "pretrain/tensors.h"
#include "pretrain/trainer.h"
#include "protocols/protocol.h"
#include "tests/pretrain/tiny_clip.h"
#include "tests/protocols/toy_pictures.h"

namespace repbench {

inline InputSpec toy_input() { return {1, ToyPictures::kSide, "small_eval:8", {0.3}, {0.3}}; }

inline Subject subject_of(std::shared_ptr<Encoder> encoder, const std::string& label) {
  Subject subject;
  subject.label = label;
  subject.sha256 = hash_of(encoder->parameters());
  subject.description = {
      {"sha256", subject.sha256}, {"kind", encoder->kind()}, {"label", label}, {"config", Json::object()}};
  subject.encoder = std::move(encoder);
  return subject;
}

/// An untrained ViT for toy pictures: width 16, four patches and a class token.
inline Subject tiny_vit(int64_t depth = 2, uint64_t seed = 0) {
  const Json config = {{"image_size", 8},  {"patch_size", 4},  {"channels", 1},
                       {"width", 16},      {"heads", 2},       {"depth", depth},
                       {"name", "custom"}, {"mlp_ratio", 4.0}, {"norm_eps", 1e-6}};
  std::shared_ptr<Encoder> encoder = make_encoder("vit", config, toy_input());
  encoder->initialise(seed);
  return subject_of(std::move(encoder), "tiny ViT");
}

inline Subject raw_pixels() {
  return subject_of(make_encoder("raw_pixels", Json::object(), toy_input()), "raw pixels");
}

/// Trains on toy pictures for some epochs of four steps; what it saves as a run folder is judged.
inline Subject train_and_save(Objective& objective, const Options& fields, const std::filesystem::path& run,
                              double epochs, const std::string& label) {
  const auto data = std::make_shared<ToyPictures>("train", 64);
  LoaderOptions loader{.batch_size = 16, .shuffle = true, .drop_last = true};
  if (const TextSide* text = objective.encoder().text()) {
    loader.tokenizer = text->tokenizer();
    loader.context_length = text->context_length();
  }
  const auto source = make_loader(data, all_examples(*data), {make_view("small_eval:8")}, loader);
  TrainOptions train;
  train.epochs = epochs;
  train.batch_size = 16;
  train.base_lr = 0.05;
  Trainer trainer(objective, *source, train, Execution(), 0);
  trainer.fit({});
  save_checkpoint(run, {trainer, fields.to_json(), {}}, 1);
  Subject subject = subject_of(load_encoder(run).encoder, label);
  subject.checkpoint = run;
  return subject;
}

inline Subject tiny_run(std::string objective_name, const Json& settings, const InputSpec& input,
                        const std::filesystem::path& run, double epochs) {
  const std::unique_ptr<Recipe> recipe = make_recipe(objective_name);
  Options fields;
  fields.add("objective", &objective_name, {.help = "kind"});
  recipe->describe(fields);
  fields.set_all(settings, "test");
  const auto objective = recipe->make(input, recipe->text() ? tiny_tokenizer() : nullptr, 0);
  return train_and_save(*objective, fields, run, epochs, "tiny " + objective_name);
}

inline Subject tiny_mae(const std::filesystem::path& run, double epochs, bool norm_pix = false) {
  const Json decoder = {
      {"decoder_width", 16}, {"decoder_heads", 2}, {"decoder_depth", 1}, {"norm_pix", norm_pix}};
  return tiny_run("mae", {{"model", tiny_vit().encoder->config()}, {"mae", decoder}}, toy_input(), run,
                  epochs);
}

inline Subject tiny_clip(const std::filesystem::path& run, double epochs) {
  ClipOptions model = tiny_clip_options(/*channels=*/1);
  model.text.context_length = 32;
  Options fields;
  fields.add_group("model", model);
  return tiny_run("clip", fields.to_json(), toy_input(), run, epochs);
}

/// Runs a protocol with these settings, as the suite does.
inline ProtocolResult run_protocol(const std::string& name, const Json& settings, const Subject& subject,
                                   const Task& task, const ProtocolContext& context = {}) {
  const std::unique_ptr<Protocol> protocol = find_protocol(name).make();
  Options fields;
  protocol->describe(fields);
  fields.set_all(settings, "test");
  return protocol->run(subject, task, context);
}

}  // namespace repbench
