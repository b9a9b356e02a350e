#include "suite/handshake.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <limits>

#include "tests/files/error_message.h"
#include "tests/pretrain/golden_tensors.h"
#include "tests/pretrain/saved_run.h"
#include "tests/pretrain/tiny_clip.h"
#include "tests/suite/command_line.h"

namespace repbench {
namespace {

/// A file that holds an encoder's own activations.
class Handshake : public testing::Test {
 protected:
  explicit Handshake(std::unique_ptr<Encoder> encoder = nullptr) : encoder_(std::move(encoder)) {
    const c10::NoGradGuard no_grad;
    if (encoder_ == nullptr) encoder_ = std::make_unique<Vit>(tiny_vit_options(), tiny_input());
    encoder_->initialise(1);
    at::manual_seed(4);
    at::Tensor x = at::randn({2, encoder_->input().channels, 8, 8});
    tensors_["input"] = x;
    for (size_t k = 0; k < encoder_->stages().size(); ++k) {
      x = encoder_->forward(x, static_cast<int64_t>(k), static_cast<int64_t>(k) + 1, {});
      tensors_[encoder_->stages()[k].name] = x;
    }
  }

  SafetensorsFile reference() {
    NamedTensors list;
    for (const auto& [name, tensor] : tensors_) list.push_back({name, tensor});
    save_tensors(path_, list);
    return SafetensorsFile(path_);
  }

  std::vector<HandshakeRow> shake() { return handshake(*encoder_, reference(), 1e-4); }
  std::string refusal() {
    return error_message<std::invalid_argument>([&] { shake(); });
  }

  ScratchFolder folder_;
  std::filesystem::path path_ = folder_ / "reference.safetensors";
  std::unique_ptr<Encoder> encoder_;
  std::map<std::string, at::Tensor> tensors_;
};

TEST_F(Handshake, AgreesWithItsOwnActivations) {
  const std::vector<HandshakeRow> rows = shake();
  ASSERT_EQ(rows.size(), encoder_->stages().size());
  for (size_t k = 0; k < rows.size(); ++k) {
    EXPECT_EQ(rows[k].stage, encoder_->stages()[k].name);
    EXPECT_EQ(rows[k].relative, 0) << rows[k].stage;
  }
  EXPECT_EQ(first_divergence(rows), nullptr);
}

TEST_F(Handshake, NamesTheFirstStageWhereAWeightDiffers) {
  const c10::NoGradGuard no_grad;
  tensor_named(encoder_->parameters(), "blocks.1.mlp.fc1.weight").mul_(1.5);
  const std::vector<HandshakeRow> rows = shake();
  ASSERT_NE(first_divergence(rows), nullptr);
  EXPECT_EQ(first_divergence(rows)->stage, "block.1.mlp");
  EXPECT_GT(first_divergence(rows)->relative, 1e-4);
  EXPECT_FALSE(rows.back().ok) << "what comes behind differs too";
  tensors_.erase("block.1.mlp");
  EXPECT_EQ(first_divergence(shake())->stage, "norm") << "of those that the file holds";
}

TEST_F(Handshake, TakesFlatPatchesAndTheClassTokenAlone) {
  tensors_["patch"] = tensors_["patch"].flatten(1, 2);
  tensors_["norm"] = tensors_["norm"].select(1, 0).contiguous();
  EXPECT_EQ(first_divergence(shake()), nullptr);
}

TEST_F(Handshake, NeverAgreesWithNan) {
  tensors_["block.0.mlp"] = tensors_["block.0.mlp"].clone();
  tensors_["block.0.mlp"].view({-1})[3] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<HandshakeRow> rows = shake();
  EXPECT_EQ(first_divergence(rows)->stage, "block.0.mlp");
}

TEST_F(Handshake, RefusesWhatItCannotCompare) {
  const auto all = tensors_;
  tensors_["block.0.atention"] = tensors_["norm"];
  EXPECT_PRED2(contains, refusal(), "got 'block.0.atention' (did you mean 'block.0.attention'?)");
  tensors_ = all;
  tensors_["norm"] = tensors_["norm"].narrow(1, 1, 16).contiguous();
  EXPECT_PRED2(contains, refusal(), "expected 'norm' of the shape [2, 17, 16]; got [2, 16, 16]");
  tensors_ = {{"input", all.at("input")}};
  EXPECT_PRED2(contains, refusal(), "at least one stage");
  tensors_["input"] = at::zeros({2, 3, 8, 8});
  EXPECT_PRED2(contains, refusal(), "expected 'input' [B, 1, H, W] float32; got [2, 3, 8, 8]");
  tensors_ = {{"norm", all.at("norm")}};
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { shake(); }), "input");
}

class ClipHandshake : public Handshake {
 protected:
  ClipHandshake()
      : Handshake(std::make_unique<Clip>(tiny_clip_options(),
                                         InputSpec{3, 8, "eval:8", {0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}},
                                         std::make_shared<BareTokenizer>(40))) {}
};

TEST_F(ClipHandshake, ComparesTheTextSideLast) {
  const c10::NoGradGuard no_grad;
  tensors_["tokens"] = at::arange(24).view({2, 12});
  tensors_["text_features"] = encoder_->text()->features(tensors_["tokens"], {});
  tensors_["projection"] = tensors_["projection"].select(1, 0).contiguous();
  std::vector<HandshakeRow> rows = shake();
  EXPECT_EQ(rows.back().stage, "text_features");
  EXPECT_EQ(first_divergence(rows), nullptr);
  tensor_named(encoder_->parameters(), "ln_final.weight").mul_(1.1);
  rows = shake();
  EXPECT_EQ(first_divergence(rows)->stage, "text_features");
  tensors_.erase("tokens");
  EXPECT_PRED2(contains, refusal(), "both or neither");
}

TEST_F(Handshake, AnswersByItsExitCode) {
  SavedRun saved;
  saved.save(1);
  encoder_->initialise(2);
  load_tensors(saved.step_folder(1) / "model.safetensors", encoder_->parameters());
  const c10::NoGradGuard no_grad;
  at::Tensor x = tensors_["input"];
  tensors_ = {{"input", x}, {"norm", encoder_->forward(x, 0, 7, {})}};
  const std::string arguments =
      fmt::format("inspect {} --handshake {}", saved.step_folder(1).string(), path_.string());
  reference();
  const Finished agrees = run_repbench(folder_, arguments);
  EXPECT_EQ(agrees.exit_code, 0) << agrees.err;
  EXPECT_NE(agrees.out.find("(1 stage, largest relative difference"), std::string::npos) << agrees.out;
  tensors_["norm"] = 1.01 * tensors_["norm"];
  reference();
  const Finished differs = run_repbench(folder_, arguments);
  EXPECT_EQ(differs.exit_code, 1) << differs.err;
  EXPECT_NE(differs.out.find("first divergence: norm"), std::string::npos) << differs.out;
  EXPECT_EQ(differs.err, "");
  EXPECT_EQ(run_repbench(folder_, arguments + " --tolerance 0.1").exit_code, 0);
  EXPECT_EQ(run_repbench(folder_, arguments + "x").exit_code, 2);
}

}  // namespace
}  // namespace repbench
