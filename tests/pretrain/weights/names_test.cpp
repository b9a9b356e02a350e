#include "pretrain/weights/names.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/files/error_message.h"
#include "tests/pretrain/golden_tensors.h"

namespace repbench {
namespace {

constexpr Renaming kTable[] = {{"blocks.{}.qkv.*", "layer.{}.q.*|layer.{}.k.*|layer.{}.v.*"},
                               {"proj", "projection.weight", true},
                               {"cls", "embeddings.cls"}};

NamedTensors ours() {
  return {{"blocks.11.qkv.weight", at::zeros({6, 2})},
          {"proj", at::zeros({2, 3})},
          {"cls", at::zeros({1, 1, 2})},
          {"norm.bias", at::zeros({2})}};
}

/// The tensors that `ours` is filled from, kept alive.
struct Theirs {
  std::map<std::string, at::Tensor> tensors = {{"layer.11.q.weight", at::full({2, 2}, 1.0)},
                                               {"layer.11.k.weight", at::full({2, 2}, 2.0)},
                                               {"layer.11.v.weight", at::full({2, 2}, 3.0)},
                                               {"projection.weight", at::arange(6, at::kFloat).view({3, 2})},
                                               {"embeddings.cls", at::full({2}, 5.0)},
                                               {"norm.bias", at::full({2}, 6.0)}};

  FillReport fill(const NamedTensors& into, const FillOptions& options = {}) const {
    std::map<std::string, TensorView> views;
    for (const auto& [name, tensor] : tensors) views.emplace(name, view_of(tensor));
    return fill_tensors(views, into, name_rules(into, kTable), options, "file.pt", [](const TensorView&) {});
  }

  std::string refusal(const FillOptions& options = {}) const {
    const NamedTensors into = ours();
    const std::string message = error_message<std::invalid_argument>([&] { fill(into, options); });
    for (const auto& [name, tensor] : into)
      EXPECT_EQ(tensor.abs().sum().item<float>(), 0.0F) << name << " was changed";
    return message;
  }
};

TEST(NameRules, CarryNumbersAndRestsOver) {
  const std::vector<NameRule> rules = name_rules(ours(), kTable);
  ASSERT_EQ(rules.size(), 4U);
  EXPECT_EQ(rules[0].theirs,
            (std::vector<std::string>{"layer.11.q.weight", "layer.11.k.weight", "layer.11.v.weight"}));
  EXPECT_TRUE(rules[1].transposed);
  EXPECT_EQ(rules[3].theirs, std::vector<std::string>{"norm.bias"});
}

TEST(NameRules, PatternsWithAStarFitAnyText) {
  EXPECT_TRUE(fits_pattern("decoder_blocks.0.norm1.bias", "decoder_*"));
  EXPECT_TRUE(fits_pattern("a.position_ids", "*position_ids"));
  EXPECT_TRUE(fits_pattern("blocks.3.norm.bias", "blocks.*.bias"));
  EXPECT_FALSE(fits_pattern("blocks.3.norm.weight", "blocks.*.bias"));
  EXPECT_FALSE(fits_pattern("head", "head.*"));
  EXPECT_TRUE(fits_pattern("", "*"));
}

TEST(FillTensors, JoinsTransposesAndDropsDimensionsOfOne) {
  const NamedTensors into = ours();
  Theirs().fill(into);
  EXPECT_TRUE(at::equal(into[0].tensor.select(1, 0), at::tensor({1.F, 1.F, 2.F, 2.F, 3.F, 3.F})));
  EXPECT_TRUE(at::equal(into[1].tensor, at::arange(6, at::kFloat).view({3, 2}).t()));
  EXPECT_EQ(into[2].tensor.sum().item<float>(), 10.0F);
}

TEST(FillTensors, AndTheOtherWayGiveTheSameBits) {
  const NamedTensors into = ours();
  const Theirs theirs;
  theirs.fill(into);
  const NamedTensors back = their_tensors(into, name_rules(into, kTable));
  ASSERT_EQ(back.size(), theirs.tensors.size());
  for (const auto& [name, tensor] : back) {
    EXPECT_TRUE(tensor.is_contiguous()) << name;
    EXPECT_TRUE(at::equal(tensor.flatten(), theirs.tensors.at(name).flatten())) << name;
  }
}

TEST(FillTensors, ConvertsHalfAndBrainFloats) {
  for (const at::ScalarType dtype : {at::kHalf, at::kBFloat16, at::kDouble}) {
    Theirs theirs;
    for (auto& [name, tensor] : theirs.tensors) tensor = tensor.to(dtype);
    const NamedTensors into = ours();
    theirs.fill(into);
    EXPECT_EQ(into[0].tensor.scalar_type(), at::kFloat);
    EXPECT_EQ(into[3].tensor.sum().item<float>(), 12.0F);
  }
}

TEST(FillTensors, NamesAMissingTensorAndTheNearest) {
  Theirs theirs;
  theirs.tensors.erase("layer.11.k.weight");
  theirs.tensors["layer.11.kk.weight"] = at::zeros({2, 2});
  const std::string message = theirs.refusal();
  EXPECT_PRED2(contains, message, "[weights] file.pt");
  EXPECT_PRED2(contains, message, "1 missing: layer.11.k.weight (nearest: layer.11.kk.weight)");
  EXPECT_PRED2(contains, message, "1 unexpected: layer.11.kk.weight");
}

TEST(FillTensors, ShowsTenNamesAndACount) {
  Theirs theirs;
  for (int i = 0; i < 25; ++i) theirs.tensors["extra." + std::to_string(i)] = at::zeros({1});
  const std::string message = theirs.refusal();
  EXPECT_PRED2(contains, message, "25 unexpected: ");
  EXPECT_PRED2(contains, message, "... and 15 more");
}

TEST(FillTensors, NamesATensorOfAnotherShape) {
  Theirs theirs;
  theirs.tensors["projection.weight"] = at::zeros({2, 3});
  EXPECT_PRED2(contains, theirs.refusal(), "projection.weight (expected [3, 2]; got [2, 3])");
}

TEST(FillTensors, RefusesATensorThatIsNotFinite) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    for (const at::ScalarType dtype : {at::kFloat, at::kHalf, at::kBFloat16, at::kDouble}) {
      Theirs theirs;
      theirs.tensors["norm.bias"] = at::tensor({0.F, bad}).to(dtype);
      const NamedTensors into = ours();
      const std::string message = error_message<std::invalid_argument>([&] { theirs.fill(into); });
      EXPECT_PRED2(contains, message, "'norm.bias'");
      EXPECT_PRED2(contains, message, "NaN or infinity");
    }
  }
}

TEST(FillTensors, LeavesOutWhatTheFormatKnowsAndCountsIt) {
  Theirs theirs;
  theirs.tensors["head.weight"] = theirs.tensors["head.bias"] = at::zeros({1});
  const NamedTensors into = ours();
  const FillReport report = theirs.fill(into, {.left_out = {"head.*"}, .allow_missing = {}});
  EXPECT_EQ(report.left_out, (std::map<std::string, int64_t>{{"head.*", 2}}));
}

TEST(FillTensors, LeavesWhatMayBeMissingAsItWas) {
  Theirs theirs;
  theirs.tensors.erase("norm.bias");
  theirs.tensors.erase("layer.11.v.weight");
  const NamedTensors into = ours();
  const FillReport report = theirs.fill(into, {.left_out = {}, .allow_missing = {"norm.*", "*.v.weight"}});
  EXPECT_EQ(report.missing, (std::vector<std::string>{"layer.11.v.weight", "norm.bias"}));
  EXPECT_EQ(into[0].tensor.abs().sum().item<float>(), 0.0F) << "a tensor of which a part is missing";
  EXPECT_EQ(into[2].tensor.sum().item<float>(), 10.0F);
}

}  // namespace
}  // namespace repbench
