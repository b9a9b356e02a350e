#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pretrain/objective.h"

// In fine-tuning lower layers learn more slowly, by a factor from each block to the one below. Which layer a
// parameter belongs to, and whether it decays, is told differently by:
//   mae      patches, tokens and positions decay^(L + 1), block k (from 0) of L decay^(L - k), the final norm
//            and the head 1 (BEiT's rule; He et al. 2022 and the code published with it)
//   timm     the same, but the final norm of the tokens belongs to the last block: decay (timm's
//            param_groups_layer_decay)
//   lightly  block k decay^(L - 1 - k), all else 1; the head does not decay (lightly's MAE benchmark; its
//            tokens and positions never reach its optimizer, here they are tuned)
// Weight decay is for tensors of two and more dimensions but for tokens and positions.

namespace repbench {

enum class LayerDecayRule { mae, timm, lightly };

/// The enumerators' names.
const std::vector<std::string>& layer_decay_rules();

/// Throws std::invalid_argument listing the names.
LayerDecayRule layer_decay_rule_named(const std::string& name);

/// A stage's name (pretrain/encoder.h), or this for what stands behind the encoder.
inline constexpr std::string_view kHeadStage = "head";

/// Factor on the learning rate of a stage's parameter in an encoder of `depth` blocks.
double layer_scale(LayerDecayRule rule, std::string_view stage, std::string_view parameter, int64_t depth,
                   double decay);

bool decays_weight(LayerDecayRule rule, std::string_view stage, const NamedTensor& parameter);

/// A stage's parameters that require a gradient, those that learn alike in one group.
std::vector<ParameterGroup> layer_decay_groups(LayerDecayRule rule, std::string_view stage,
                                               const NamedTensors& parameters, int64_t depth, double decay,
                                               double weight_decay);

}  // namespace repbench
