#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "pretrain/objectives/mae.h"
#include "pretrain/objectives/masking.h"
#include "pretrain/weights/import.h"
#include "tests/files/error_message.h"
#include "tests/pretrain/golden_tensors.h"

// Files that the originals wrote, in every format that they have, against what the originals compute.

namespace repbench {
namespace {

constexpr double kTolerance = 1e-5;  // relative

class WeightsGolden : public testing::Test {
 protected:
  void SetUp() override {
    const char* folder = std::getenv("REPBENCH_GOLDEN");
    if (folder == nullptr) GTEST_SKIP() << "REPBENCH_GOLDEN names no folder";
    folder_ = folder;
  }

  std::shared_ptr<Encoder> open(const std::string& name, const std::vector<std::string>& assume = {}) const {
    return open_encoder(folder_ / name, {.assume = assume}).encoder;
  }

  std::filesystem::path folder_;
};

at::Tensor unit(const at::Tensor& x) { return x / x.norm(2, {-1}, true); }

at::Tensor picture_features(const Encoder& encoder, const at::Tensor& images,
                            const std::string& tap = "projected") {
  const c10::NoGradGuard no_grad;
  return encoder.features(images, {&tap, 1}, {}).at(tap);
}

at::Tensor text_features(const Encoder& encoder, const at::Tensor& tokens) {
  const c10::NoGradGuard no_grad;
  return encoder.text()->features(tokens, {});
}

TEST_F(WeightsGolden, ClipIsTheSameInEveryFileFormat) {
  const GoldenTensors io(folder_ / "clip_tiny.io.safetensors");
  for (const char* file : {"clip_tiny.safetensors", "clip_tiny.pt", "clip_tiny.torchscript.pt"}) {
    for (const std::string activation : {"gelu", "quick_gelu"}) {
      const std::string prefix = activation == "gelu" ? "gelu." : "quickgelu.";
      const auto clip = open(file, {"activation=" + activation});
      EXPECT_LT(relative_error(picture_features(*clip, io.at("image")), io.at(prefix + "image_raw")),
                kTolerance)
          << file;
      EXPECT_LT(relative_error(text_features(*clip, io.at("text")), io.at(prefix + "text_raw")), kTolerance)
          << file;
    }
  }
}

TEST_F(WeightsGolden, HalfPrecisionIsReadIntoSinglePrecision) {
  const GoldenTensors io(folder_ / "clip_fp16.io.safetensors");
  const auto clip = open("clip_fp16.torchscript.pt");
  for (const auto& [name, tensor] : clip->parameters()) EXPECT_EQ(tensor.scalar_type(), at::kFloat) << name;
  const at::Tensor image = unit(picture_features(*clip, io.at("image").to(at::kFloat)));
  const at::Tensor text = unit(text_features(*clip, io.at("text")));
  EXPECT_LT(relative_error(image, io.at("fp32.image_norm")), kTolerance);
  EXPECT_LT(relative_error(text, io.at("fp32.text_norm")), kTolerance);
  EXPECT_LT(relative_error(clip->text()->scale() * image.mm(text.t()), io.at("fp32.logits")), kTolerance);
}

TEST_F(WeightsGolden, APartOfATrainingFileIsRefusedByNames) {
  const std::string message =
      error_message<std::invalid_argument>([&] { open("clip_tiny.ddp_partial_legacy.pt"); });
  EXPECT_PRED2(contains, message, "23 missing: visual.conv1.weight");
  EXPECT_PRED2(contains, message, "... and 13 more");
  EXPECT_EQ(message.find('\n'), std::string::npos);
}

TEST_F(WeightsGolden, MaeIsTheSameInEveryFileFormat) {
  const GoldenTensors io(folder_ / "mae_tiny.io.safetensors");
  for (const char* file : {"mae_tiny.pth", "mae_tiny.safetensors"}) {
    const auto encoder = open(file, {"heads=3"});
    const at::Tensor tokens = picture_features(*encoder, io.at("image"), "tokens");
    EXPECT_LT(relative_error(tokens, io.at("encoder_nomask")), kTolerance) << file;
  }
}

TEST_F(WeightsGolden, HuggingFacesMaeGivesItsLatentUnderItsOwnMask) {
  const GoldenTensors io(folder_ / "hf_vitmae/io.safetensors");
  const c10::NoGradGuard no_grad;
  const auto encoder = open("hf_vitmae");
  const Masking masking = random_masking(io.at("noise"), 0.75);
  const at::Tensor tokens = encoder->forward(io.at("image"), 0, 2, {});
  const at::Tensor index = masking.ids_keep.unsqueeze(-1).expand({-1, -1, tokens.size(2)});
  const at::Tensor visible =
      at::cat({tokens.narrow(1, 0, 1), tokens.narrow(1, 1, tokens.size(1) - 1).gather(1, index)}, 1);
  const at::Tensor latent = encoder->forward(visible, 2, static_cast<int64_t>(encoder->stages().size()), {});
  EXPECT_LT(relative_error(latent, io.at("latent")), kTolerance);
}

TEST_F(WeightsGolden, HuggingFacesClipGivesItsEmbeddings) {
  const GoldenTensors io(folder_ / "hf_clip/io.safetensors");
  const auto clip = open("hf_clip");
  const at::Tensor image = unit(picture_features(*clip, io.at("image"))),
                   text = unit(text_features(*clip, io.at("text")));
  EXPECT_LT(relative_error(image, io.at("image_embeds")), kTolerance);
  EXPECT_LT(relative_error(text, io.at("text_embeds")), kTolerance);
  EXPECT_LT(relative_error(clip->text()->scale() * image.mm(text.t()), io.at("logits_per_image")),
            kTolerance);
}

}  // namespace
}  // namespace repbench
