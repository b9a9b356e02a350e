#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "pretrain/objectives/mae.h"
#include "tests/datasets/golden.h"
#include "tests/pretrain/golden_tensors.h"

// What Hugging Face's ViTMAE computes with the same weights, pictures and noise.

namespace repbench {
namespace {

constexpr double kTolerance = 1e-5;  // relative: the gradients are small numbers

struct Shape {
  int64_t image, patch, channels, width, heads, decoder_width, decoder_depth, decoder_heads;
};
constexpr Shape kGrey{16, 4, 1, 20, 4, 16, 1, 2};
constexpr Shape kColour{16, 4, 3, 16, 2, 12, 1, 3};
constexpr Shape kTiny{32, 8, 3, 24, 3, 16, 2, 2};

std::unique_ptr<Mae> make_mae(const Shape& shape, bool norm_pix) {
  VitOptions vit;
  vit.image_size = shape.image;
  vit.patch_size = shape.patch;
  vit.channels = shape.channels;
  vit.width = shape.width;
  vit.depth = 2;
  vit.heads = shape.heads;
  MaeOptions options;
  options.decoder_width = shape.decoder_width;
  options.decoder_depth = shape.decoder_depth;
  options.decoder_heads = shape.decoder_heads;
  options.norm_pix = norm_pix;
  return std::make_unique<Mae>(std::make_unique<Vit>(vit, InputSpec{}), options);
}

NamedTensors all_tensors(Mae& mae) {
  NamedTensors all = mae.encoder().parameters();
  const NamedTensors own = mae.own_tensors();
  all.insert(all.end(), own.begin(), own.end());
  return all;
}

void expect_close(const at::Tensor& got, const at::Tensor& expected, const std::string& what) {
  EXPECT_LT(relative_error(got.detach(), expected), kTolerance) << what;
}

void expect_prediction(Mae& mae, const GoldenTensors& golden) {
  const c10::NoGradGuard no_grad;
  const Masking masking = random_masking(golden.at("noise"), 0.75);
  EXPECT_TRUE(at::equal(masking.mask, golden.at("mask")));
  EXPECT_TRUE(at::equal(masking.ids_restore, golden.at("ids_restore")));
  for (const bool training : {true, false}) {
    const StageContext context{.training = training};
    const at::Tensor latent = mae.encode(golden.at("image"), masking, context);
    expect_close(latent, golden.at("latent"), "latent");
    expect_close(mae.decode(latent, masking.ids_restore, context), golden.at("pred"), "pred");
  }
  const auto end = static_cast<int64_t>(mae.encoder().stages().size());
  expect_close(mae.encoder().forward(golden.at("image"), 0, end, {}), golden.at("encoder_nomask"),
               "encoder_nomask");
}

void expect_learning(Mae& mae, const GoldenTensors& golden, const std::string& target) {
  const StageContext context{.training = true};
  const Masking masking = random_masking(golden.at("noise"), 0.75);
  const at::Tensor images = golden.at("image");
  const at::Tensor prediction =
      mae.decode(mae.encode(images, masking, context), masking.ids_restore, context);
  const at::Tensor loss = mae.loss(images, prediction, masking.mask);
  expect_close(loss.reshape({1}), golden.at(target + ".loss").reshape({1}), target + ".loss");
  loss.backward();
  for (const char* name : {"blocks.0.attn.qkv.weight", "mask_token", "patch_embed.proj.weight"}) {
    expect_close(tensor_named(all_tensors(mae), name).grad(), golden.at(target + ".grad." + name),
                 target + ".grad." + name);
  }
}

/// `load` puts the weights in.
template <class Load>
void expect_reproduced(const Shape& shape, const GoldenTensors& golden, Load load) {
  for (const bool norm_pix : {false, true}) {
    const std::unique_ptr<Mae> mae = make_mae(shape, norm_pix);
    load(all_tensors(*mae));
    expect_prediction(*mae, golden);
    expect_learning(*mae, golden, norm_pix ? "normpix" : "pix");
  }
}

TEST(MaeGolden, ReproducesHuggingFaceOnGreyPictures) {
  const GoldenTensors golden(golden_folder() / "hf_vitmae.safetensors");
  expect_reproduced(kGrey, golden, [&](const NamedTensors& tensors) { golden.fill(tensors); });
}

TEST(MaeGolden, ReproducesHuggingFaceOnColourPictures) {
  const GoldenTensors golden(golden_folder() / "hf_vitmae_rgb.safetensors");
  expect_reproduced(kColour, golden, [&](const NamedTensors& tensors) { golden.fill(tensors); });
}

TEST(MaeGolden, ReproducesTheSharedFileIfThereIsOne) {
  const char* folder = std::getenv("REPBENCH_GOLDEN");
  if (folder == nullptr) GTEST_SKIP() << "REPBENCH_GOLDEN names no folder";
  const std::filesystem::path path(folder);
  const GoldenTensors golden(path / "mae_tiny.io.safetensors");
  expect_reproduced(kTiny, golden, [&](const NamedTensors& tensors) {
    load_tensors(path / "mae_tiny.safetensors", tensors);  // strict: the names are MAE's
  });
}

}  // namespace
}  // namespace repbench
