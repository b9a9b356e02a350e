#include "protocols/layer_decay.h"

#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "files/json.h"
#include "pretrain/models/vit.h"
#include "protocols/classifier.h"
#include "tests/files/error_message.h"
#include "tests/protocols/toy_subject.h"

// Tables of timm 1.0 and of the rules of MAE and lightly as a script states them
// (tests/golden/layer_decay.py).

namespace repbench {
namespace {

constexpr double kWeightDecay = 0.05;

struct Row {
  double scale = 0;
  bool decays = false;
};
using Table = std::map<std::string, Row>;

Json golden() {
  return read_json(std::filesystem::path(REPBENCH_SOURCE_DIR) / "tests/golden/layer_decay.json");
}

Table stored_table(const Json& file, const std::string& model, LayerDecayRule rule) {
  const size_t column = 2 + 2 * static_cast<size_t>(rule);
  Table table;
  for (const Json& row : file.at("parameters")) {
    if (row.at(0) != model) continue;
    table[row.at(1)] = {row.at(column), row.at(column + 1) == 1};
  }
  return table;
}

/// The names and the number of blocks decide, not the width.
std::unique_ptr<Encoder> vit_of(int64_t depth, const Json& variant) {
  Json config = tiny_vit(1).encoder->config();
  config["depth"] = depth;
  std::shared_ptr<Encoder> plain = make_encoder("vit", config, toy_input());
  if (variant.empty()) return plain->clone();
  VitVariant all;
  Options fields;
  all.describe(fields);
  fields.set_all(variant, "test");
  config["variant"] = fields.to_json();
  return make_encoder("vit", config, toy_input());
}

Table our_table(std::unique_ptr<Encoder> encoder, HeadNorm head_norm, LayerDecayRule rule, double decay) {
  Classifier classifier(
      std::move(encoder),
      {.head_norm = head_norm, .classes = 10, .layer_decay = decay, .layer_decay_rule = rule});
  Table table;
  for (const ParameterGroup& group : classifier.parameter_groups(kWeightDecay)) {
    for (const NamedTensor& named : group.parameters) {
      EXPECT_FALSE(table.contains(named.name)) << named.name << " is in two groups";
      EXPECT_TRUE(group.weight_decay(3) == 0 || group.weight_decay(3) == kWeightDecay) << named.name;
      table[named.name] = {group.lr_scale(3), group.weight_decay(3) > 0};
    }
  }
  return table;
}

void expect_equal(const Table& ours, const Table& expected) {
  EXPECT_FALSE(expected.empty());
  for (const auto& [name, row] : expected) {
    ASSERT_TRUE(ours.contains(name)) << name;
    EXPECT_DOUBLE_EQ(ours.at(name).scale, row.scale) << name;
    EXPECT_EQ(ours.at(name).decays, row.decays) << name;
  }
  for (const auto& [name, row] : ours) EXPECT_TRUE(expected.contains(name)) << name;
}

class LayerDecay : public testing::TestWithParam<std::string> {
 protected:
  LayerDecayRule rule() const { return layer_decay_rule_named(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(Rules, LayerDecay, testing::ValuesIn(layer_decay_rules()),
                         [](const auto& row) { return row.param; });

TEST_P(LayerDecay, EqualsTheStoredTableOfEveryParameterOfVitBase) {
  expect_equal(our_table(vit_of(12, {}), HeadNorm::batch, rule(), 0.65),
               stored_table(golden(), "vit_base", rule()));
}

TEST_P(LayerDecay, EqualsTheStoredTableOfEveryParameterOfVitLarge) {
  expect_equal(our_table(vit_of(24, {}), HeadNorm::none, rule(), 0.75),
               stored_table(golden(), "vit_large", rule()));
}

TEST_P(LayerDecay, EqualsTheStoredTableWithFcNorm) {
  const Table expected = stored_table(golden(), "vit_base_pooled", rule());
  expect_equal(our_table(vit_of(12, {}), HeadNorm::fc_norm, rule(), 0.65), expected);
  expect_equal(our_table(vit_of(12, {{"final_norm", "pooled"}}), HeadNorm::fc_norm, rule(), 0.65), expected);
}

TEST_P(LayerDecay, EqualsTheStoredTableWithRegistersAndANormBeforeTheBlocks) {
  const Json variant = {
      {"register_tokens", 2}, {"norm_pre", true}, {"positions", "learned"}, {"patch_bias", false}};
  expect_equal(our_table(vit_of(3, variant), HeadNorm::batch, rule(), 0.5),
               stored_table(golden(), "vit_registers", rule()));
}

TEST_P(LayerDecay, TreatsClipsNamesAlike) {
  // depth 2: patches and positions, two blocks, the final norm
  const auto clip = [&](std::string_view stage, const std::string& parameter) {
    return layer_scale(rule(), stage, parameter, 2, 0.5);
  };
  const bool lightly = rule() == LayerDecayRule::lightly;
  EXPECT_EQ(clip("patch", "visual.conv1.weight"), lightly ? 1.0 : 0.125);
  EXPECT_EQ(clip("position", "visual.positional_embedding"), lightly ? 1.0 : 0.125);
  EXPECT_EQ(clip("block.0.mlp", "visual.transformer.resblocks.0.mlp.c_fc.weight"), lightly ? 0.5 : 0.25);
  EXPECT_EQ(clip("norm", "visual.ln_post.weight"), rule() == LayerDecayRule::timm ? 0.5 : 1.0);
  EXPECT_FALSE(decays_weight(rule(), "position", {"visual.positional_embedding", at::zeros({5, 8})}));
  EXPECT_TRUE(decays_weight(rule(), "patch", {"visual.conv1.weight", at::zeros({8, 3, 4, 4})}));
}

TEST(LayerDecayRule, AMisspeltNameIsToldTheNearest) {
  EXPECT_PRED2(
      contains, error_message<std::invalid_argument>([] { layer_decay_rule_named("tim"); }),
      "[finetune] expected a rule of layer decay: mae, timm, lightly; got 'tim' (did you mean 'timm'?)");
}

}  // namespace
}  // namespace repbench
