#include "pretrain/objective.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <stdexcept>

#include "files/nearest.h"

namespace repbench {

std::vector<ParameterGroup> decay_groups(const NamedTensors& parameters, double weight_decay) {
  const auto constant = [](double value) { return [value](int64_t) { return value; }; };
  ParameterGroup decayed{{}, constant(1.0), constant(weight_decay)};
  ParameterGroup plain{{}, constant(1.0), constant(0.0)};
  for (const NamedTensor& named : parameters) {
    if (!named.tensor.requires_grad()) continue;
    const bool vector = named.tensor.dim() <= 1 || named.name.ends_with(".bias");
    (vector ? plain : decayed).parameters.push_back(named);
  }
  return {decayed, plain};
}

std::unique_ptr<Recipe> make_recipe(std::string_view objective) {
  std::vector<std::string> names;
  for (const ObjectiveKind& kind : objective_kinds()) {
    if (kind.name == objective) return kind.recipe();
    names.emplace_back(kind.name);
  }
  fail_unknown_name("objective", "a kind of objective", objective, names);
}

void move_to(Objective& objective, at::Device device) {
  objective.encoder().to(device);
  for (const NamedTensor& named : objective.own_tensors())
    named.tensor.set_data(named.tensor.data().to(device));
}

}  // namespace repbench
