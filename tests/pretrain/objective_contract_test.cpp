#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "tests/files/scratch_folder.h"
#include "tests/pretrain/golden_tensors.h"
#include "tests/pretrain/tiny_clip.h"
#include "tests/pretrain/tiny_mae.h"

// What every kind of objective promises. A new kind needs a small configuration here.

namespace repbench {
namespace {

Json small_options(std::string_view kind) {
  Json options = tiny_options_json();
  options.erase("objective");
  if (kind == "mae") return options;
  if (kind == "clip") {
    ClipOptions model = tiny_clip_options();
    Options fields;
    fields.add_group("model", model);
    return fields.to_json();
  }
  ADD_FAILURE() << "objective '" << kind << "' has no small configuration in this test";
  return Json::object();
}

std::unique_ptr<Objective> make_small(std::string_view kind, uint64_t seed = 1) {
  const std::unique_ptr<Recipe> recipe = make_recipe(kind);
  Options fields;
  recipe->describe(fields);
  fields.set_all(small_options(kind), "test");
  return recipe->make(recipe->input(), recipe->text() ? tiny_tokenizer() : nullptr, seed);
}

Measurements step_of(Objective& objective, Precision precision = Precision::fp32) {
  at::manual_seed(3);  // of the batch's pictures alone
  const InputSpec& input = objective.encoder().input();
  Batch batch = noise_batch(6, input.channels, input.size);
  // Six texts of different lengths, EOT included, and zeros.
  const int64_t end = tiny_tokenizer()->end_token();
  batch.tokens = at::randint(1, end, {6, 12}, at::kLong).triu_().flip({1});
  batch.tokens.select(1, 11).fill_(end);
  Execution execution;
  execution.precision = precision;
  StepContext context{
      .total_steps = 10, .seed = 5, .execution = &execution, .backward = [](const at::Tensor& loss, bool) {
        loss.backward();
      }};
  return objective.step(batch, context);
}

NamedTensors trained_tensors(Objective& objective) {
  NamedTensors all;
  for (const ParameterGroup& group : objective.parameter_groups(0.05)) {
    all.insert(all.end(), group.parameters.begin(), group.parameters.end());
  }
  return all;
}

class ObjectiveContract : public testing::TestWithParam<std::string> {};

TEST_P(ObjectiveContract, MeasuresAFiniteLossFirst) {
  for (const Precision precision : {Precision::fp32, Precision::bf16}) {
    const Measurements measured = step_of(*make_small(GetParam()), precision);
    ASSERT_FALSE(measured.empty());
    EXPECT_EQ(measured[0].first, "loss");
    for (const auto& [name, value] : measured) EXPECT_TRUE(std::isfinite(value)) << name;
  }
}

TEST_P(ObjectiveContract, GivesTheSameLossAndGradientsTwice) {
  const auto first = make_small(GetParam()), second = make_small(GetParam());
  EXPECT_EQ(step_of(*first), step_of(*second));
  const NamedTensors a = trained_tensors(*first), b = trained_tensors(*second);
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_TRUE(at::equal(a[i].tensor.grad(), b[i].tensor.grad())) << a[i].name;
}

TEST_P(ObjectiveContract, GivesNearlyTheSameLossInBfloat16) {
  const double exact = step_of(*make_small(GetParam()))[0].second;
  EXPECT_NEAR(step_of(*make_small(GetParam()), Precision::bf16)[0].second / exact, 1.0, 0.02);
}

TEST_P(ObjectiveContract, SendsAGradientToEveryTrainedParameter) {
  const auto objective = make_small(GetParam());
  step_of(*objective);
  for (const auto& [name, tensor] : trained_tensors(*objective)) {
    ASSERT_TRUE(tensor.grad().defined()) << name;
    EXPECT_TRUE(at::isfinite(tensor.grad()).all().item<bool>()) << name;
    EXPECT_GT(tensor.grad().abs().max().item<float>(), 0.0F) << name;
  }
}

TEST_P(ObjectiveContract, TrainsEveryTensorInOneGroupAndOwnsIt) {
  const auto objective = make_small(GetParam());
  std::set<std::string> owned, trained;
  for (const NamedTensors& tensors : {objective->encoder().parameters(), objective->own_tensors()}) {
    for (const NamedTensor& named : tensors) EXPECT_TRUE(owned.insert(named.name).second) << named.name;
  }
  for (const NamedTensor& named : trained_tensors(*objective)) {
    EXPECT_TRUE(trained.insert(named.name).second) << named.name;
    EXPECT_TRUE(owned.contains(named.name)) << named.name;
  }
}

TEST_P(ObjectiveContract, IsTheSameAfterSavingAndLoading) {
  const ScratchFolder folder;
  const auto first = make_small(GetParam(), 1), second = make_small(GetParam(), 2);
  EXPECT_NE(step_of(*first)[0].second, step_of(*second)[0].second);
  save_tensors(folder / "model.safetensors", first->encoder().parameters());
  save_tensors(folder / "objective.safetensors", first->own_tensors());
  load_tensors(folder / "model.safetensors", second->encoder().parameters());
  load_tensors(folder / "objective.safetensors", second->own_tensors());
  EXPECT_EQ(step_of(*first), step_of(*second));
}

TEST_P(ObjectiveContract, ExportsAKnownEncoderThatHasACost) {
  const auto objective = make_small(GetParam());
  const Encoder& encoder = objective->encoder();
  EXPECT_NO_THROW(make_encoder(encoder.kind(), encoder.config(), encoder.input(), tiny_tokenizer()));
  EXPECT_GT(objective->forward_macs(), 0);
}

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (const ObjectiveKind& kind : objective_kinds()) names.emplace_back(kind.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Kinds, ObjectiveContract, testing::ValuesIn(kind_names()),
                         [](const auto& parameter) { return parameter.param; });

}  // namespace
}  // namespace repbench
