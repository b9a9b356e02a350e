#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/protocol.h"

namespace repbench {

/// A classifier on frozen features, made once and applied to features of many sets of pictures.
struct FrozenHead {
  std::string tap;                                                 // of the features that it reads
  std::function<at::Tensor(const at::Tensor& features)> classify;  // [N, D] float32 -> scores [N, K] float64
  Json resolved = Json::object();
  std::vector<std::string> warnings = {};
};

/// Class texts (zero_shot_classifier.h), all templates together, on the tap `projected`. Same errors.
FrozenHead zero_shot_head(const Subject& subject, const std::string& prompts, const Dataset& dataset,
                          const ProtocolContext& context, std::string_view where);

/// Multinomial logistic regression (solvers/logistic.h) at one C on the task's training features,
/// standardised by themselves. Nothing is chosen.
FrozenHead logistic_head(const Subject& subject, const Task& task, const std::string& tap, double C,
                         const ProtocolContext& context);

}  // namespace repbench
