#include "pretrain/weights/export.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "files/atomic.h"
#include "pretrain/weights/import.h"
#include "pretrain/weights/input.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/pretrain/golden_tensors.h"
#include "tests/pretrain/tiny_clip.h"
#include "tests/pretrain/tiny_clip_resnet.h"
#include "tests/pretrain/tiny_vit_variants.h"

// What is written for another library is read back as it was. That the libraries read it,
// tests/interop/weights.py checks.

namespace repbench {
namespace {

InputSpec input_of(int64_t size) {
  return {3, size, fmt::format("eval:{0}:{0}:bicubic", size), {0.4, 0.5, 0.6}, {0.2, 0.25, 0.3}};
}

/// Random everywhere: norms, positions and factors too.
std::shared_ptr<Encoder> shaken(std::shared_ptr<Encoder> encoder) {
  const c10::NoGradGuard no_grad;
  encoder->initialise(3);
  at::manual_seed(5);
  for (const auto& [name, tensor] : encoder->parameters()) {
    if (tensor.is_floating_point() && name != "logit_scale") tensor.add_(at::rand(tensor.sizes()) * 0.1);
  }
  return encoder;
}

std::shared_ptr<Encoder> tiny_vit(const VitOptions& options) {
  return shaken(std::make_shared<Vit>(options, input_of(options.image_size)));
}

at::Tensor features(const Encoder& encoder, const std::string& tap) {
  const c10::NoGradGuard no_grad;
  at::manual_seed(7);
  const int64_t size = encoder.input().size;
  return encoder.features(at::randn({2, 3, size, size}), {&tap, 1}, {}).at(tap);
}

void expect_back(const Encoder& encoder, const std::string& target,
                 const std::vector<std::string>& assume = {}) {
  const ScratchFolder folder;
  export_weights(encoder, target, folder / "out");
  const LoadedEncoder back = open_encoder(folder / "out", {.assume = assume});
  expect_identical(encoder.parameters(), back.encoder->parameters());
  EXPECT_EQ(back.encoder->input().mean, encoder.input().mean);
  EXPECT_EQ(back.encoder->input().view, encoder.input().view);
  const std::string tap = encoder.text() == nullptr ? "mean" : "projected";
  EXPECT_TRUE(at::equal(features(encoder, tap), features(*back.encoder, tap)));
}

std::string refusal(const Encoder& encoder, const std::string& target) {
  const ScratchFolder folder;
  const std::string message =
      error_message<std::invalid_argument>([&] { export_weights(encoder, target, folder / "out"); });
  EXPECT_FALSE(std::filesystem::exists(folder / "out"));
  return message;
}

TEST(ExportWeights, VitsComeBackFromTimmAsTheyWere) {
  for (const auto& [name, options] : tiny_vit_variants()) {
    SCOPED_TRACE(name);
    if (name == "vit_registers")
      continue;  // timm has no positions of the class token beside registers: see below
    expect_back(*tiny_vit(options), "timm", {"heads=2"});
  }
}

TEST(ExportWeights, AClassPositionBesideRegistersIsAddedToTheTokenForTimm) {
  const auto vit = tiny_vit(tiny_vit_variants().at("vit_registers"));
  const ScratchFolder folder;
  export_weights(*vit, "timm", folder / "out");
  const LoadedEncoder back = open_encoder(folder / "out");
  EXPECT_TRUE(at::equal(features(*vit, "cls"), features(*back.encoder, "cls")));
}

TEST(ExportWeights, VitsComeBackFromHuggingFaceAsTheyWere) {
  const auto variants = tiny_vit_variants();
  for (const char* name : {"vit_learned", "vit_registers", "vit_distilled"}) {
    SCOPED_TRACE(name);
    expect_back(*tiny_vit(variants.at(name)), "hf");
  }
}

TEST(ExportWeights, AClassTokenWithoutAPositionGetsOneOfZerosForHuggingFace) {
  const auto vit = tiny_vit(tiny_vit_variants().at("vit_bare_class"));
  const ScratchFolder folder;
  export_weights(*vit, "hf", folder / "out");
  const LoadedEncoder back = open_encoder(folder / "out");
  EXPECT_TRUE(at::equal(features(*vit, "cls"), features(*back.encoder, "cls")));
  export_weights(*back.encoder, "timm", folder / "timm");
  const LoadedEncoder again = open_encoder(folder / "timm", {.assume = {"heads=2"}});
  expect_identical(vit->parameters(), again.encoder->parameters());
}

TEST(ExportWeights, WhatHuggingFaceDoesNotHaveIsRefusedWithTheReason) {
  const auto variants = tiny_vit_variants();
  EXPECT_PRED2(contains, refusal(*tiny_vit(variants.at("vit_norm_pre")), "hf"), "no norm before the blocks");
  EXPECT_PRED2(contains, refusal(*tiny_vit(variants.at("vit_fc_norm")), "hf"), "norm the tokens");
  EXPECT_PRED2(contains, refusal(*tiny_vit(variants.at("vit_no_class")), "hf"), "class token");
  EXPECT_PRED2(contains, refusal(*tiny_vit(variants.at("vit_swiglu")), "hf"), "SwiGLU");
}

TEST(ExportWeights, ClipsComeBackFromOpenClipAndHuggingFaceAsTheyWere) {
  ClipOptions options = tiny_clip_options();
  options.text_variant.vocabulary = tiny_tokenizer()->vocabulary_size();
  for (const std::string activation : {"gelu", "quick_gelu"}) {
    options.activation = activation;
    const auto clip = shaken(std::make_shared<Clip>(options, input_of(8), nullptr));
    expect_back(*clip, "open_clip");
    expect_back(*clip, "hf");
  }
}

TEST(ExportWeights, AResNetsClipComesBackFromOpenClipAsItWas) {
  ClipResnetOptions options = tiny_clip_resnet_options();
  options.text_variant.vocabulary = 40;
  const auto clip = shaken(std::make_shared<ClipResnet>(options, input_of(64), nullptr));
  expect_back(*clip, "open_clip");
  EXPECT_PRED2(contains, refusal(*clip, "hf"), "expected an encoder that hf has; got clip_resnet");
}

TEST(ExportWeights, AnUnknownTargetIsNamedWithTheNearest) {
  EXPECT_PRED2(contains, refusal(*tiny_vit(tiny_vit_variants().at("vit_learned")), "tim"),
               "did you mean 'timm'");
}

TEST(ExportWeights, AnExistingFolderIsLeftAlone) {
  const ScratchFolder folder;
  const auto vit = tiny_vit(tiny_vit_variants().at("vit_learned"));
  const std::string message =
      error_message<std::invalid_argument>([&] { export_weights(*vit, "timm", folder.path()); });
  EXPECT_PRED2(contains, message, "does not exist yet");
}

TEST(ExportedInput, SaysHowPicturesBecomeSquare) {
  InputSpec input = imagenet_input(3, 32, 36);
  EXPECT_EQ(open_clip_preprocess_cfg(input)["resize_mode"], "shortest");
  input.view = "squash:32:bilinear";
  EXPECT_EQ(open_clip_preprocess_cfg(input)["resize_mode"], "squash");
  EXPECT_EQ(open_clip_preprocess_cfg(input)["interpolation"], "bilinear");
  EXPECT_EQ(timm_pretrained_cfg(input)["crop_mode"], "squash");
  EXPECT_EQ(timm_pretrained_cfg(input)["crop_pct"], 1.0);
  input.view = "border:32:1:lanczos:0,0,0";
  EXPECT_EQ(open_clip_preprocess_cfg(input)["resize_mode"], "longest");
  EXPECT_EQ(open_clip_preprocess_cfg(input)["interpolation"], "lanczos");
  EXPECT_EQ(timm_pretrained_cfg(input)["crop_mode"], "border");
}

}  // namespace
}  // namespace repbench
