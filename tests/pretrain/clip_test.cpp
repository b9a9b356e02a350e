#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <cmath>

#include "pretrain/models/clip_initialise.h"
#include "pretrain/objectives/clip.h"
#include "tests/files/error_message.h"
#include "tests/pretrain/golden_tensors.h"
#include "tests/pretrain/tiny_clip.h"
#include "tests/pretrain/tiny_mae.h"

namespace repbench {
namespace {

InputSpec input() { return {3, 8, "eval:8", {0.5, 0.5, 0.5}, {0.25, 0.25, 0.25}}; }

std::unique_ptr<Clip> tiny_clip(uint64_t seed = 1) {
  auto clip = std::make_unique<Clip>(tiny_clip_options(), input(), tiny_tokenizer());
  clip->initialise(seed);
  return clip;
}

at::Tensor tokens_of(const std::vector<std::string>& texts, int64_t length = 12) {
  std::vector<int64_t> ids;
  for (const std::string& text : texts) {
    const auto row = encode(*tiny_tokenizer(), text, length, TooLong::refuse);
    ids.insert(ids.end(), row.begin(), row.end());
  }
  return at::tensor(ids, at::kLong).view({-1, length});
}

TEST(ClipText, WhatStandsBehindEotChangesNothing) {
  const c10::NoGradGuard no_grad;
  const auto clip = tiny_clip();
  at::Tensor tokens = tokens_of({"a red circle", "a blue square"});
  const at::Tensor before = clip->text()->features(tokens, {});
  tokens.masked_fill_(tokens.eq(0), 7);
  EXPECT_LT(relative_error(clip->text()->features(tokens, {}), before), 1e-6);
}

TEST(ClipText, GivesATextTheSameFeaturesWhateverItsCompany) {
  const c10::NoGradGuard no_grad;
  const auto clip = tiny_clip();
  const at::Tensor alone = clip->text()->features(tokens_of({"a red"}), {});
  const at::Tensor beside = clip->text()->features(tokens_of({"a red", "a blue square"}), {});
  EXPECT_LT(relative_error(beside.narrow(0, 0, 1), alone), 1e-6);
}

TEST(ClipText, RefusesTokensOfAnotherVocabularyOrLength) {
  const auto clip = tiny_clip();
  const auto message = [&](const at::Tensor& tokens) {
    return error_message<std::invalid_argument>([&] { clip->text()->features(tokens, {}); });
  };
  EXPECT_PRED2(contains, message(at::full({1, 12}, 9999, at::kLong)), "expected token ids in [0, ");
  EXPECT_PRED2(contains, message(at::zeros({1, 13}, at::kLong)), "context length 12");
}

TEST(ClipLoss, IsTheMeanOfBothDirections) {
  const at::Tensor image = at::tensor({1.0, 0.0, 0.0, 2.0}).view({2, 2}).to(at::kFloat);
  const at::Tensor text = at::tensor({3.0, 0.0, 1.0, 1.0}).view({2, 2}).to(at::kFloat);
  // Cosines: [1, s; 0, s] with s = 1 / sqrt(2); the factor is 2.
  const double s = std::sqrt(0.5), scale = 2.0;
  const double rows = std::log(std::exp(scale) + std::exp(scale * s)) - scale +
                      std::log(1.0 + std::exp(scale * s)) - scale * s;
  const double columns =
      std::log(std::exp(scale) + 1.0) - scale + std::log(2.0 * std::exp(scale * s)) - scale * s;
  const auto loss = clip_loss(image, text, at::full({}, std::log(scale))).item<double>();
  EXPECT_NEAR(loss, (rows + columns) / 4, 1e-6);
}

TEST(ClipObjective, NeverScalesByMoreThanAHundred) {
  auto clip = tiny_clip();
  const Clip* model = clip.get();
  ClipObjective objective(std::move(clip));
  model->text()->logit_scale.detach().fill_(6.0);
  objective.after_step({});
  EXPECT_NEAR(model->text()->scale(), 100.0, 1e-3);
  model->text()->logit_scale.detach().fill_(-1.0);
  objective.after_step({});
  EXPECT_NEAR(model->text()->scale(), 1.0, 1e-6);
}

TEST(ClipObjective, NeedsCaptions) {
  ClipObjective objective(tiny_clip());
  Execution execution;
  StepContext context{.execution = &execution, .backward = [](const at::Tensor&, bool) {}};
  EXPECT_PRED2(contains,
               error_message<std::invalid_argument>([&] { objective.step(noise_batch(4, 3, 8), context); }),
               "expected a data set with captions");
}

TEST(ClipObjective, DecaysMatricesAlone) {
  ClipObjective objective(tiny_clip());
  for (const ParameterGroup& group : objective.parameter_groups(0.2)) {
    for (const auto& [name, tensor] : group.parameters)
      EXPECT_DOUBLE_EQ(group.weight_decay(0), tensor.dim() >= 2 ? 0.2 : 0.0) << name;
  }
}

TEST(ClipInitialise, HasTheScalesOfItsTable) {
  ClipOptions options = tiny_clip_options();
  options.width = 64;
  options.heads = 4;
  options.text = {.context_length = 32, .width = 64, .depth = 2, .heads = 4};
  Clip clip(options, input(), std::make_shared<BareTokenizer>(1000));
  clip.initialise(1);
  const std::map<std::string, double> deviations = {
      {"token_embedding.weight", 0.02},
      {"positional_embedding", 0.01},
      {"text_projection", 1.0 / 8},
      {"visual.positional_embedding", 1.0 / 8},
      {"visual.proj", 1.0 / 8},
      {"transformer.resblocks.0.attn.in_proj_weight", 1.0 / 8},
      {"transformer.resblocks.0.attn.out_proj.weight", 1.0 / 16},
      {"transformer.resblocks.0.mlp.c_fc.weight", 1.0 / std::sqrt(128.0)},
      {"transformer.resblocks.1.mlp.c_proj.weight", 1.0 / 16},
      // Uniform: bound / sqrt(3).
      {"visual.transformer.resblocks.0.attn.in_proj_weight", std::sqrt(6.0 / 256 / 3)},
      {"visual.transformer.resblocks.0.mlp.c_fc.weight", 1.0 / 8 / std::sqrt(3.0)}};
  for (const auto& [name, expected] : deviations) {
    const auto sigma = tensor_named(clip.parameters(), name).std().item<double>();
    EXPECT_NEAR(sigma, expected, 0.12 * expected) << name;
  }
  for (const char* name : {"visual.transformer.resblocks.0.attn.in_proj_bias",
                           "transformer.resblocks.0.mlp.c_fc.bias", "visual.ln_pre.bias"}) {
    const auto largest = tensor_named(clip.parameters(), name).abs().max().item<double>();
    EXPECT_EQ(largest == 0, std::string(name).find("mlp") == std::string::npos) << name;
  }
  EXPECT_NEAR(clip.text()->scale(), 1.0 / 0.07, 1e-4);
}

TEST(Clip, HasOpenAisNumberOfParameters) {
  ClipOptions options;
  options.name = "ViT-B-32";
  options.resolve();
  const Clip clip(options, InputSpec{}, std::make_shared<BareTokenizer>(49408));
  EXPECT_EQ(count_elements(clip.parameters()), 151277313);
  EXPECT_EQ(clip.parameters().size(), 302U);
}

}  // namespace
}  // namespace repbench
