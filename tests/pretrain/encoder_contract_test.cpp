#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "pretrain/models/initialise.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/pretrain/golden_tensors.h"
#include "tests/pretrain/tiny_clip.h"
#include "tests/pretrain/tiny_clip_resnet.h"
#include "tests/pretrain/tiny_mae.h"
#include "tests/pretrain/tiny_vit_variants.h"

// What every kind of encoder promises. A new kind needs a small configuration here.

namespace repbench {
namespace {

InputSpec colour_input(int64_t size = 8) {
  return {3, size, fmt::format("eval:{}", size), {0.4, 0.5, 0.6}, {0.2, 0.25, 0.3}};
}

/// A ResNet makes its pictures 32 times smaller.
InputSpec small_input(std::string_view kind) { return colour_input(kind == "clip_resnet" ? 64 : 8); }

/// Variants of ViTs are judged as if they were kinds.
std::string kind_of(const std::string& name) { return name.starts_with("vit_") ? "vit" : name; }

Json small_config(const std::string& kind) {
  if (kind_of(kind) != kind) return Vit(tiny_vit_variants().at(kind), colour_input()).config();
  if (kind == "raw_pixels") return Json::object();
  if (kind == "vit") {
    VitOptions options = tiny_vit_options();
    options.channels = 3;
    return Vit(options, colour_input()).config();
  }
  if (kind == "clip") return Clip(tiny_clip_options(), colour_input(), tiny_tokenizer()).config();
  if (kind == "clip_resnet")
    return ClipResnet(tiny_clip_resnet_options(), small_input(kind), tiny_tokenizer()).config();
  ADD_FAILURE() << "encoder '" << kind << "' has no small configuration in this test";
  return Json::object();
}

std::unique_ptr<Encoder> make_small(const std::string& kind, uint64_t seed = 1) {
  std::unique_ptr<Encoder> encoder =
      make_encoder(kind_of(kind), small_config(kind), small_input(kind), tiny_tokenizer());
  encoder->initialise(seed);
  return encoder;
}

at::Tensor pictures(const Encoder& encoder, int64_t count = 4) {
  at::manual_seed(3);
  return encoder.ingest(noise_batch(count, 3, encoder.input().size).views[0]);
}

std::map<std::string, at::Tensor> default_features(const Encoder& encoder, const at::Tensor& images) {
  const c10::NoGradGuard no_grad;
  return encoder.features(images, encoder.default_taps(), {});
}

class EncoderContract : public testing::TestWithParam<std::string> {};

TEST_P(EncoderContract, GivesAFiniteRowOfEveryDefaultTapForEachPicture) {
  const auto encoder = make_small(GetParam());
  const auto found = default_features(*encoder, pictures(*encoder));
  EXPECT_EQ(found.size(), encoder->default_taps().size());
  for (const auto& [tap, values] : found) {
    ASSERT_EQ(values.dim(), 2) << tap;
    EXPECT_EQ(values.size(0), 4) << tap;
    EXPECT_EQ(values.scalar_type(), at::kFloat) << tap;
    EXPECT_TRUE(at::isfinite(values).all().item<bool>()) << tap;
  }
}

TEST_P(EncoderContract, GivesTheSameFeaturesTwiceAndFromAClone) {
  const auto encoder = make_small(GetParam());
  const at::Tensor images = pictures(*encoder);
  const auto first = default_features(*encoder, images);
  const auto second = default_features(*encoder, images);
  const auto cloned = default_features(*encoder->clone(), images);
  for (const auto& [tap, values] : first) {
    EXPECT_TRUE(at::equal(values, second.at(tap))) << tap;
    EXPECT_TRUE(at::equal(values, cloned.at(tap))) << tap;
  }
}

TEST_P(EncoderContract, SeesEachPictureAlone) {
  const auto encoder = make_small(GetParam());
  const at::Tensor images = pictures(*encoder);
  const auto together = default_features(*encoder, images);
  const auto alone = default_features(*encoder, images.narrow(0, 2, 1));
  for (const auto& [tap, values] : together) {
    EXPECT_LT(relative_error(alone.at(tap), values.narrow(0, 2, 1)), 1e-5) << tap;
  }
}

TEST_P(EncoderContract, RunsItsStagesInPartsAsInOne) {
  const c10::NoGradGuard no_grad;
  const auto encoder = make_small(GetParam());
  const auto end = static_cast<int64_t>(encoder->stages().size());
  const at::Tensor images = pictures(*encoder);
  at::Tensor x = images;
  for (int64_t stage = 0; stage < end; ++stage) x = encoder->forward(x, stage, stage + 1, {});
  EXPECT_TRUE(at::equal(x, encoder->forward(images, 0, end, {})));
  EXPECT_TRUE(at::equal(encoder->forward(images, 0, 0, {}), images));
}

TEST_P(EncoderContract, FindsEveryStageByItsName) {
  const auto encoder = make_small(GetParam());
  for (size_t i = 0; i < encoder->stages().size(); ++i) {
    EXPECT_EQ(encoder->stage_index(encoder->stages()[i].name), static_cast<int64_t>(i));
  }
}

TEST_P(EncoderContract, AddsUpTheCostOfItsStages) {
  const auto encoder = make_small(GetParam());
  const auto end = static_cast<int64_t>(encoder->stages().size());
  int64_t sum = 0;
  for (int64_t stage = 0; stage < end; ++stage) sum += encoder->macs(stage, stage + 1);
  EXPECT_EQ(encoder->macs(0, end), sum);
}

TEST_P(EncoderContract, SendsAGradientToEveryTrainableParameter) {
  const auto encoder = make_small(GetParam());
  if (encoder->parameters().empty()) GTEST_SKIP() << "nothing to train";
  for (const auto& [name, tensor] : encoder->parameters()) {
    // A branch whose last norm starts at zero passes no gradient on in the very first step.
    if (name.ends_with(".bn3.weight")) tensor.detach().fill_(0.5);
  }
  const auto end = static_cast<int64_t>(encoder->stages().size());
  const at::Tensor out = encoder->forward(pictures(*encoder), 0, end, {.training = true});
  (out * at::randn(out.sizes())).sum().backward();
  at::Tensor loss = at::zeros({});  // some norms come after pooling
  for (const auto& [tap, values] :
       encoder->features(pictures(*encoder), encoder->default_taps(), {.training = true})) {
    loss = loss + (values * at::randn(values.sizes())).sum();
  }
  loss.backward();
  if (const TextSide* text = encoder->text()) {
    const at::Tensor features = text->features(at::arange(10).view({2, 5}), {.training = true});
    (features * at::randn(features.sizes())).sum().backward();
  }
  for (const auto& [name, tensor] : encoder->parameters()) {
    // The scale belongs to a loss; what all keys have in common changes no attention.
    if (!tensor.requires_grad() || name == "logit_scale" || name.ends_with("k_proj.bias")) continue;
    ASSERT_TRUE(tensor.grad().defined()) << name;
    EXPECT_GT(tensor.grad().abs().max().item<float>(), 0.0F) << name;
  }
}

TEST_P(EncoderContract, IsTheSameAfterSavingAndLoading) {
  const ScratchFolder folder;
  const auto first = make_small(GetParam(), 1), second = make_small(GetParam(), 2);
  save_tensors(folder / "model.safetensors", first->parameters());
  load_tensors(folder / "model.safetensors", second->parameters());
  EXPECT_EQ(hash_of(first->parameters()), hash_of(second->parameters()));
  const at::Tensor images = pictures(*first);
  const auto expected = default_features(*first, images), got = default_features(*second, images);
  for (const auto& [tap, values] : expected) EXPECT_TRUE(at::equal(got.at(tap), values)) << tap;
}

TEST_P(EncoderContract, NormalisesBytesOnceIntoPlanes) {
  const auto encoder = make_small(GetParam());
  const View view = noise_batch(2, 3, 8).views[0];
  const at::Tensor planes = encoder->ingest(view);
  ASSERT_EQ(planes.sizes(), at::IntArrayRef({2, 3, 8, 8}));
  EXPECT_TRUE(planes.is_contiguous());
  const at::Tensor mean = at::tensor({0.4, 0.5, 0.6}), deviation = at::tensor({0.2, 0.25, 0.3});
  const at::Tensor expected = (view.data.to(at::kFloat) / 255.0 - mean) / deviation;
  EXPECT_LT(relative_error(planes, expected.permute({0, 3, 1, 2})), 1e-6);
}

TEST_P(EncoderContract, RefusesPicturesWithOtherChannels) {
  const auto encoder = make_small(GetParam());
  const std::string message =
      error_message<std::invalid_argument>([&] { encoder->ingest(noise_batch(2, 1, 8).views[0]); });
  EXPECT_PRED2(contains, message, "[B, H, W, 3]");
}

TEST_P(EncoderContract, RefusesAnUnknownTapByName) {
  const auto encoder = make_small(GetParam());
  const std::vector<std::string> taps = {"no_such_tap"};
  const std::string message =
      error_message<std::invalid_argument>([&] { encoder->features(pictures(*encoder), taps, {}); });
  EXPECT_PRED2(contains, message, "got 'no_such_tap'");
}

TEST_P(EncoderContract, RefusesAConfigWithAKeyThatItDoesNotKnow) {
  Json config = small_config(GetParam());
  config["colour"] = 1;
  const std::string message = error_message<std::invalid_argument>(
      [&] { make_encoder(kind_of(GetParam()), config, small_input(GetParam()), tiny_tokenizer()); });
  EXPECT_PRED2(contains, message, "colour");
}

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (const EncoderKind& kind : encoder_kinds()) names.emplace_back(kind.name);
  for (const auto& [name, options] : tiny_vit_variants()) names.push_back(name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Kinds, EncoderContract, testing::ValuesIn(kind_names()),
                         [](const auto& parameter) { return parameter.param; });

TEST(RawPixels, AreThePicturesOwnNumbers) {
  const auto encoder = make_small("raw_pixels");
  const at::Tensor images = pictures(*encoder);
  EXPECT_TRUE(at::equal(default_features(*encoder, images).at("pixels"), images.flatten(1)));
}

TEST(EncoderKinds, AreNamedWhenOneIsMisspelt) {
  const std::string message =
      error_message<std::invalid_argument>([] { make_encoder("raw_pixel", Json::object(), colour_input()); });
  EXPECT_PRED2(contains, message,
               "vit, clip, clip_resnet, raw_pixels; got 'raw_pixel' (did you mean 'raw_pixels'?)");
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([] { make_recipe("mea"); }),
               "mae, clip; got 'mea'");
}

TEST(InputSpec, SurvivesItsJson) {
  const InputSpec again = InputSpec::from_json(colour_input().to_json());
  EXPECT_EQ(again.to_json(), colour_input().to_json());
  EXPECT_EQ(again.view, "eval:8");
}

}  // namespace
}  // namespace repbench
