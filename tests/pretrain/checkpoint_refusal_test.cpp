#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/files/error_message.h"
#include "tests/pretrain/golden_tensors.h"
#include "tests/pretrain/saved_run.h"

// Checkpoints that somebody broke, and what the user is told.

namespace repbench {
namespace {

class BrokenCheckpoint : public testing::Test {
 protected:
  BrokenCheckpoint() { saved_.save(2); }

  std::string load_error() const {
    return error_message<std::invalid_argument>([&] { load_encoder(saved_.folder.path()); });
  }
  std::string objective_error() const {
    return error_message<std::invalid_argument>([&] { load_objective(saved_.folder.path()); });
  }
  std::string resume_error(const std::function<void(Json&)>& change = [](Json&) {}) {
    Json options = tiny_options_json();
    change(options);
    return error_message<std::invalid_argument>(
        [&] { resume(saved_.folder.path(), saved_.run.trainer, options); });
  }
  std::filesystem::path file(const std::string& name) const { return saved_.step_folder(2) / name; }

  /// Writes the model file anew with other tensors.
  void rewrite_model(const std::function<void(NamedTensors&)>& change) const {
    NamedTensors tensors = copied(saved_.run.objective->encoder().parameters());
    change(tensors);
    save_tensors(file("model.safetensors"), tensors);
  }

  SavedRun saved_;
};

TEST_F(BrokenCheckpoint, OfNothingIsNamed) {
  const ScratchFolder folder;
  const std::string message = error_message<std::invalid_argument>([&] { load_encoder(folder / "nowhere"); });
  EXPECT_PRED2(contains, message, (folder / "nowhere").string());
}

TEST_F(BrokenCheckpoint, WithoutAKeyOfItsConfigIsRefused) {
  for (const char* key : {"format", "encoder", "model", "input", "options"}) {
    saved_.save(2);
    saved_.rewrite_config(2, [&](Json& config) { config.erase(key); });
    EXPECT_PRED2(contains, load_error(), fmt::format("config.json: expected the key '{}'", key));
  }
}

TEST_F(BrokenCheckpoint, OfAnotherFormatIsRefused) {
  saved_.rewrite_config(2, [](Json& config) { config["format"] = 2; });
  EXPECT_PRED2(contains, load_error(), "config.json: expected format 1; got 2");
}

TEST_F(BrokenCheckpoint, WithAValueOfTheWrongTypeIsRefusedByFile) {
  for (const char* key : {"encoder", "model", "input"}) {
    saved_.save(2);
    saved_.rewrite_config(2, [&](Json& config) { config[key] = 3; });
    EXPECT_PRED2(contains, load_error(), file("config.json").string());
  }
  saved_.save(2);
  saved_.rewrite_config(2, [](Json& config) { config["input"].erase("mean"); });
  EXPECT_PRED2(contains, load_error(), file("config.json").string());
}

TEST_F(BrokenCheckpoint, WithMeansForOtherChannelsIsRefused) {
  saved_.rewrite_config(2, [](Json& config) { config["input"]["mean"] = {0.1, 0.2, 0.3}; });
  EXPECT_PRED2(contains, load_error(), "each of 1 channels; got 3 and 1");
}

TEST_F(BrokenCheckpoint, OfAnUnknownEncoderIsRefused) {
  saved_.rewrite_config(2, [](Json& config) { config["encoder"] = "vitt"; });
  EXPECT_PRED2(contains, load_error(), "got 'vitt' (did you mean 'vit'?)");
}

TEST_F(BrokenCheckpoint, ThatIsNotJsonIsRefused) {
  write_file_atomically(file("config.json"), "{\"format\": 1,");
  EXPECT_PRED2(contains, load_error(), file("config.json").string());
}

TEST_F(BrokenCheckpoint, OfAnotherShapeIsRefusedWithTensorAndShapes) {
  saved_.rewrite_config(2, [](Json& config) { config["model"]["mlp_ratio"] = 2.0; });
  const std::string message = load_error();
  EXPECT_PRED2(contains, message, file("model.safetensors").string());
  EXPECT_PRED2(contains, message, "blocks.0.mlp.fc1.weight (expected [32, 16]; got [64, 16])");
}

TEST_F(BrokenCheckpoint, WithMissingAndUnexpectedTensorsIsRefusedByName) {
  rewrite_model([](NamedTensors& tensors) {
    EXPECT_EQ(tensors.back().name, "norm.bias");
    tensors.back().name = "norms.bias";
  });
  const std::string message = load_error();
  EXPECT_PRED2(contains, message, "1 missing: norm.bias");
  EXPECT_PRED2(contains, message, "1 unexpected: norms.bias");
}

TEST_F(BrokenCheckpoint, WithWeightsThatAreNotNumbersIsRefusedByTensor) {
  for (const double poison :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    rewrite_model([&](NamedTensors& tensors) { tensor_named(tensors, "blocks.1.norm2.bias")[3] = poison; });
    EXPECT_PRED2(contains, load_error(), "tensor 'blocks.1.norm2.bias': expected finite numbers");
  }
}

TEST_F(BrokenCheckpoint, ThatIsTruncatedIsRefusedByFile) {
  const std::string bytes = read_file(file("model.safetensors"));
  write_file_atomically(file("model.safetensors"), bytes.substr(0, bytes.size() - 5));
  const std::string message = error_message<std::runtime_error>([&] { load_encoder(saved_.folder.path()); });
  EXPECT_PRED2(contains, message, file("model.safetensors").string());
}

TEST_F(BrokenCheckpoint, WhoseLatestNamesNothingIsRefused) {
  for (const char* name : {"step-000009\n", "", "config.json\n", "step-\n", "step-000002/../step-000002\n"}) {
    write_file_atomically(saved_.folder / "latest", name);
    EXPECT_PRED2(contains, load_error(), (saved_.folder / "latest").string());
  }
}

TEST_F(BrokenCheckpoint, WhoseOptionsLackAKeyGivesNoObjective) {
  saved_.rewrite_config(2, [](Json& config) { config["options"]["mae"].erase("mask_ratio"); });
  EXPECT_PRED2(contains, objective_error(), file("config.json").string());
  EXPECT_PRED2(contains, objective_error(), "mask_ratio");
  saved_.rewrite_config(2, [](Json& config) { config["options"].erase("objective"); });
  EXPECT_PRED2(contains, objective_error(), file("config.json").string());
}

TEST_F(BrokenCheckpoint, WithoutItsStateIsNotResumed) {
  write_file_atomically(file("state.json"), "{\"step\": 2}");
  EXPECT_PRED2(contains, resume_error(), file("state.json").string());
  saved_.save(2);
  write_file_atomically(file("state.json"),
                        "{\"step\": -2, \"seconds\": 1, \"examples\": 3, \"final_loss\": 1}");
  EXPECT_PRED2(contains, resume_error(), file("state.json").string());
}

TEST_F(BrokenCheckpoint, IsNotResumedWithAnotherOptionWhichIsNamed) {
  const std::string message = resume_error([](Json& options) { options["mae"]["mask_ratio"] = 0.5; });
  EXPECT_PRED2(contains, message, "mae.mask_ratio: 0.75 then, 0.5 now");
}

TEST_F(BrokenCheckpoint, IsNotResumedWithAnOptionThatItDidNotHave) {
  const std::string message = resume_error([](Json& options) { options["mae"]["colour"] = true; });
  EXPECT_PRED2(contains, message, "mae.colour: null then, true now");
}

TEST_F(BrokenCheckpoint, IsNotResumedWithAShorterList) {
  saved_.rewrite_config(2, [](Json& config) { config["options"]["mean"] = {0.1, 0.2, 0.3}; });
  EXPECT_PRED2(contains, resume_error([](Json& options) {
                 options["mean"] = {0.1, 0.2};
               }),
               "mean: [0.1,0.2,0.3] then, [0.1,0.2] now");
  EXPECT_PRED2(contains, resume_error([](Json& options) { options["mean"] = Json::array(); }),
               "mean: [0.1,0.2,0.3] then, [] now");
}

TEST_F(BrokenCheckpoint, IsResumedWhateverTheOptionsThatNobodyAsksAbout) {
  saved_.rewrite_config(2, [](Json& config) { config["options"]["workers"] = 4; });
  EXPECT_NO_THROW(resume(saved_.folder.path(), saved_.run.trainer, tiny_options_json()));
}

TEST(LoadTensors, ChangesNothingWhenItRefuses) {
  const ScratchFolder folder;
  const NamedTensors good = {{"a", at::zeros({2})}, {"b", at::zeros({2})}};
  const NamedTensors bad = {{"a", at::ones({2})},
                            {"b", at::full({2}, std::numeric_limits<float>::quiet_NaN())}};
  save_tensors(folder / "x.safetensors", bad);
  EXPECT_THROW(load_tensors(folder / "x.safetensors", good), std::invalid_argument);
  EXPECT_EQ(good[0].tensor.sum().item<float>(), 0.0F);
}

TEST(LoadTensors, NamesTheFirstTenAndCountsTheRest) {
  const ScratchFolder folder;
  save_tensors(folder / "x.safetensors", {{"other", at::zeros({1})}});
  NamedTensors wanted;
  for (int i = 0; i < 13; ++i) wanted.push_back({fmt::format("tensor {}", i), at::zeros({1})});
  const std::string message =
      error_message<std::invalid_argument>([&] { load_tensors(folder / "x.safetensors", wanted); });
  EXPECT_PRED2(contains, message, "13 missing: tensor 0, ");
  EXPECT_PRED2(contains, message, "tensor 9 ... and 3 more");
}

TEST(LoadTensors, ConvertsToTheModelsType) {
  const ScratchFolder folder;
  save_tensors(folder / "x.safetensors", {{"a", at::full({3}, 1.5, at::kHalf)}});
  const at::Tensor target = at::zeros({3});
  load_tensors(folder / "x.safetensors", {{"a", target}});
  EXPECT_EQ(target.scalar_type(), at::kFloat);
  EXPECT_EQ(target.sum().item<float>(), 4.5F);
}

}  // namespace
}  // namespace repbench
