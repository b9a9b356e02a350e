#include "pretrain/checkpoint.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/files/error_message.h"
#include "tests/files/full_disk.h"
#include "tests/pretrain/golden_tensors.h"
#include "tests/pretrain/saved_run.h"

namespace repbench {
namespace {

using Names = std::vector<std::string>;

TEST(Checkpoint, HoldsTheFilesOfTheDesign) {
  SavedRun saved;
  saved.save(500);
  EXPECT_EQ(entries(saved.folder.path()), (Names{"latest", "step-000500"}));
  EXPECT_EQ(entries(saved.step_folder(500)),
            (Names{"config.json", "model.safetensors", "objective.safetensors", "state.json",
                   "state.safetensors"}));
  EXPECT_EQ(read_file(saved.folder / "latest"), "step-000500\n");
}

TEST(Checkpoint, DescribesTheRunInItsConfig) {
  SavedRun saved;
  saved.save(4);
  const Json config = read_json(saved.step_folder(4) / "config.json");
  EXPECT_EQ(config["encoder"], "vit");
  EXPECT_EQ(config["model"], saved.run.objective->encoder().config());
  EXPECT_EQ(config["input"], tiny_input().to_json());
  EXPECT_EQ(config["options"], tiny_options_json());
  EXPECT_EQ(config["training"]["steps"], 4);
  EXPECT_EQ(config["training"]["examples_seen"], 32);
  EXPECT_EQ(config["training"]["seconds"], 12.5);
  const Json& parameters = config["parameters"];
  EXPECT_EQ(parameters["encoder"], count_elements(saved.run.objective->encoder().parameters()));
  // All but the two sets of fixed positions is trained.
  EXPECT_EQ(parameters["trained"],
            parameters["encoder"].get<int64_t>() + parameters["objective"].get<int64_t>() - 17 * (16 + 12));
}

TEST(Checkpoint, KeepsTheEncoderAloneInItsModelFile) {
  SavedRun saved;
  saved.save(1);
  const SafetensorsFile model(saved.step_folder(1) / "model.safetensors");
  EXPECT_EQ(model.tensors().size(), saved.run.objective->encoder().parameters().size());
  EXPECT_TRUE(model.tensors().contains("blocks.0.attn.qkv.weight"));
  EXPECT_FALSE(model.tensors().contains("mask_token"));
}

TEST(Checkpoint, GivesTheEncoderBackFromTheRunAndFromTheStep) {
  SavedRun saved;
  saved.run.trainer.fit({});
  saved.save(10);
  const NamedTensors expected = saved.run.objective->encoder().parameters();
  const LoadedEncoder latest = load_encoder(saved.folder.path());
  expect_identical(latest.encoder->parameters(), expected);
  EXPECT_EQ(latest.sha256, hash_of(expected));
  EXPECT_EQ(latest.config["training"]["steps"], 10);
  EXPECT_EQ(latest.encoder->input().to_json(), tiny_input().to_json());
  expect_identical(load_encoder(saved.step_folder(10)).encoder->parameters(), expected);
}

TEST(Checkpoint, GivesTheObjectiveBack) {
  SavedRun saved;
  saved.run.trainer.fit({});
  saved.save(10);
  const std::unique_ptr<Objective> objective = load_objective(saved.folder.path());
  expect_identical(objective->encoder().parameters(), saved.run.objective->encoder().parameters());
  expect_identical(objective->own_tensors(), saved.run.objective->own_tensors());
}

TEST(Checkpoint, HashesWeightsAndNotTheirHistory) {
  SavedRun saved;
  saved.save(1);
  saved.save(2);
  EXPECT_EQ(load_encoder(saved.step_folder(1)).sha256, load_encoder(saved.step_folder(2)).sha256);
  tensor_named(saved.run.objective->encoder().parameters(), "norm.bias").detach().fill_(0.5);
  saved.save(3);
  EXPECT_NE(load_encoder(saved.step_folder(3)).sha256, load_encoder(saved.step_folder(2)).sha256);
}

TEST(Checkpoint, ReplacesOneOfTheSameStep) {
  SavedRun saved;
  saved.save(3);
  tensor_named(saved.run.objective->encoder().parameters(), "norm.bias").detach().fill_(0.5);
  saved.save(3);
  EXPECT_EQ(entries(saved.folder.path()), (Names{"latest", "step-000003"}));
  expect_identical(load_encoder(saved.folder.path()).encoder->parameters(),
                   saved.run.objective->encoder().parameters());
}

TEST(Checkpoint, KeepsTheLastFew) {
  SavedRun saved;
  for (int64_t step : {1, 2, 3, 4}) saved.save(step, 2);
  EXPECT_EQ(entries(saved.folder.path()), (Names{"latest", "step-000003", "step-000004"}));
}

TEST(Checkpoint, KeepsAllWhenToldSo) {
  SavedRun saved;
  for (int64_t step : {1, 2, 3}) saved.save(step, 0);
  EXPECT_EQ(entries(saved.folder.path()), (Names{"latest", "step-000001", "step-000002", "step-000003"}));
}

TEST(Checkpoint, KeepsTheNewestBeyondAMillionSteps) {
  SavedRun saved;
  saved.save(999'999, 1);
  saved.save(1'000'000, 1);
  EXPECT_EQ(entries(saved.folder.path()), (Names{"latest", "step-1000000"}));
}

TEST(Checkpoint, NeverRemovesTheOneThatLatestNames) {
  SavedRun saved;
  saved.save(5, 1);
  saved.save(10, 0);
  write_file_atomically(saved.folder / "latest", "step-000005\n");  // killed before `latest` was replaced
  saved.save(7, 1);                                                 // resumed with other checkpoints
  EXPECT_EQ(latest_checkpoint(saved.folder.path()), saved.step_folder(7));
  EXPECT_NO_THROW(load_encoder(saved.folder.path()));
}

TEST(Checkpoint, IgnoresAndCleansWhatAKilledProcessLeft) {
  SavedRun saved;
  saved.save(2);
  std::filesystem::create_directories(saved.folder / "step-000004.tmp");
  write_file_atomically(saved.folder / "step-000004.tmp" / "model.safetensors", "half");
  EXPECT_EQ(latest_checkpoint(saved.folder.path()), saved.step_folder(2));
  EXPECT_NO_THROW(load_encoder(saved.folder.path()));
  saved.save(3);
  EXPECT_EQ(entries(saved.folder.path()), (Names{"latest", "step-000002", "step-000003"}));
}

TEST(Checkpoint, LeavesThePreviousOneWhenTheDiskIsFull) {
  SavedRun saved;
  saved.save(2);
  const std::string before = load_encoder(saved.folder.path()).sha256;
  tensor_named(saved.run.objective->encoder().parameters(), "norm.bias").detach().fill_(0.5);
  {
    const FullDisk full(1000);
    const std::string message = error_message<std::runtime_error>([&] { saved.save(4, 1); });
    EXPECT_PRED2(contains, message, "model.safetensors");
  }
  EXPECT_EQ(entries(saved.folder.path()), (Names{"latest", "step-000002"}));
  EXPECT_EQ(read_file(saved.folder / "latest"), "step-000002\n");
  EXPECT_EQ(load_encoder(saved.folder.path()).sha256, before);
}

TEST(Checkpoint, SaysNothingOfARunThatHasNone) {
  const ScratchFolder folder;
  EXPECT_EQ(latest_checkpoint(folder.path()), std::nullopt);
  EXPECT_EQ(latest_checkpoint(folder / "nowhere"), std::nullopt);
}

}  // namespace
}  // namespace repbench
