#include "protocols/layer_decay.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <utility>

#include "files/nearest.h"

namespace repbench {
namespace {

/// Of "block.K.attention" and "block.K.mlp"; -1 of others.
int64_t block_of(std::string_view stage) {
  constexpr std::string_view kBlock = "block.";
  if (!stage.starts_with(kBlock)) return -1;
  int64_t block = -1;
  std::from_chars(stage.data() + kBlock.size(), stage.data() + stage.size(), block);
  return block;
}

}  // namespace

const std::vector<std::string>& layer_decay_rules() {
  static const std::vector<std::string> names = {"mae", "timm", "lightly"};
  return names;
}

LayerDecayRule layer_decay_rule_named(const std::string& name) {
  const std::vector<std::string>& names = layer_decay_rules();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) fail_unknown_name("finetune", "a rule of layer decay", name, names);
  return static_cast<LayerDecayRule>(found - names.begin());
}

double layer_scale(LayerDecayRule rule, std::string_view stage, std::string_view parameter, int64_t depth,
                   double decay) {
  const int64_t block = block_of(stage);
  int64_t steps = 0;  // down from the head
  if (rule == LayerDecayRule::lightly) {
    if (block >= 0) steps = depth - 1 - block;
  } else if (block >= 0) {
    steps = depth - block;
  } else if (stage == "patch" || stage == "position") {
    steps = depth + 1;
  } else if (rule == LayerDecayRule::timm && stage == "norm" && !parameter.starts_with("fc_norm")) {
    steps = 1;
  }
  return std::pow(decay, static_cast<double>(steps));
}

bool decays_weight(LayerDecayRule rule, std::string_view stage, const NamedTensor& parameter) {
  if (parameter.tensor.dim() <= 1 || parameter.name.ends_with(".bias") || stage == "position") return false;
  return rule != LayerDecayRule::lightly || stage != kHeadStage;
}

std::vector<ParameterGroup> layer_decay_groups(LayerDecayRule rule, std::string_view stage,
                                               const NamedTensors& parameters, int64_t depth, double decay,
                                               double weight_decay) {
  const auto constant = [](double value) { return [value](int64_t) { return value; }; };
  std::map<std::pair<double, bool>, ParameterGroup> groups;
  for (const NamedTensor& named : parameters) {
    if (!named.tensor.requires_grad()) continue;
    const double scale = layer_scale(rule, stage, named.name, depth, decay);
    const bool decays = decays_weight(rule, stage, named);
    ParameterGroup& group = groups[{scale, decays}];
    group.parameters.push_back(named);
    group.lr_scale = constant(scale);
    group.weight_decay = constant(decays ? weight_decay : 0.0);
  }
  std::vector<ParameterGroup> list;
  for (auto& [key, group] : groups) list.push_back(std::move(group));
  return list;
}

}  // namespace repbench
