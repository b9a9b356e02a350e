#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "pretrain/objectives/clip.h"
#include "tests/datasets/golden.h"
#include "tests/pretrain/golden_tensors.h"
#include "tests/pretrain/tiny_clip.h"

// What open_clip computes with the same weights, pictures and tokens.

namespace repbench {
namespace {

constexpr double kTolerance = 1e-5;  // relative

std::unique_ptr<Clip> make_model(ClipOptions options, const std::string& activation, int64_t vocabulary) {
  options.activation = activation;
  return std::make_unique<Clip>(options, InputSpec{}, std::make_shared<BareTokenizer>(vocabulary));
}

at::Tensor projected(const Clip& clip, const at::Tensor& images, const StageContext& context) {
  const std::string tap = "projected";
  return clip.features(images, {&tap, 1}, context).at(tap);
}

void expect_close(const at::Tensor& got, const at::Tensor& expected, const std::string& what) {
  EXPECT_LT(relative_error(got.detach(), expected), kTolerance) << what;
}

TEST(ClipGolden, ReproducesOpenClipWithBothActivations) {
  const GoldenTensors golden(golden_folder() / "open_clip_tiny.safetensors");
  for (const std::string activation : {"gelu", "quick_gelu"}) {
    const std::unique_ptr<Clip> clip = make_model(tiny_clip_options(), activation, 40);
    golden.fill(clip->parameters());
    const auto wanted = [&](const std::string& name) { return golden.at(activation + "." + name); };
    for (const bool training : {false, true}) {
      const StageContext context{.training = training};
      const at::Tensor image = projected(*clip, golden.at("image"), context);
      const at::Tensor text = clip->text()->features(golden.at("text"), context);
      expect_close(image, wanted("image_features"), activation + " image");
      expect_close(text, wanted("text_features"), activation + " text");
      const at::Tensor loss = clip_loss(image, text, clip->text()->logit_scale);
      expect_close(loss.reshape({1}), wanted("loss"), activation + " loss");
      if (!training) continue;
      loss.backward();
      for (const char* name :
           {"visual.conv1.weight", "visual.proj", "transformer.resblocks.0.attn.in_proj_weight",
            "token_embedding.weight", "positional_embedding", "logit_scale"}) {
        const at::Tensor gradient = tensor_named(clip->parameters(), name).grad();
        expect_close(gradient, wanted(std::string("grad.") + name).reshape(gradient.sizes()),
                     activation + " " + name);
      }
    }
  }
}

TEST(ClipGolden, ReproducesTheSharedFileIfThereIsOne) {
  const char* folder = std::getenv("REPBENCH_GOLDEN");
  if (folder == nullptr) GTEST_SKIP() << "REPBENCH_GOLDEN names no folder";
  const std::filesystem::path path(folder);
  const GoldenTensors golden(path / "clip_tiny.io.safetensors");
  ClipOptions options;
  options.image_size = 32;
  options.patch_size = 8;
  options.width = 32;
  options.depth = 2;
  options.heads = 2;
  options.embed_dim = 32;
  options.text = {.context_length = 77, .width = 32, .depth = 2, .heads = 2};
  const c10::NoGradGuard no_grad;
  for (const std::string activation : {"gelu", "quick_gelu"}) {
    const std::string prefix = activation == "gelu" ? "gelu." : "quickgelu.";
    const std::unique_ptr<Clip> clip = make_model(options, activation, 128);
    load_tensors(path / "clip_tiny.safetensors", clip->parameters());  // strict: the names are open_clip's
    const at::Tensor image = projected(*clip, golden.at("image"), {});
    const at::Tensor text = clip->text()->features(golden.at("text"), {});
    expect_close(image, golden.at(prefix + "image_raw"), prefix + "image");
    expect_close(text, golden.at(prefix + "text_raw"), prefix + "text");
    const auto unit = [](const at::Tensor& x) { return x / x.norm(2, {-1}, true); };
    expect_close(clip->text()->scale() * at::mm(unit(image), unit(text).t()), golden.at(prefix + "logits"),
                 prefix + "logits");
  }
}

}  // namespace
}  // namespace repbench
