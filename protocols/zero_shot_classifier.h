#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "protocols/class_prompts.h"
#include "protocols/protocol.h"

namespace repbench {

/// A classifier made of words (Radford et al. 2021, section 3.1.4): a unit vector a class.
struct ZeroShotClassifier {
  ClassPrompts prompts;
  at::Tensor ensemble;  // [K, E] float32: mean of the unit features of all its texts, normalised again
  at::Tensor single;    // [K, E] float32: the first template alone; undefined where there is none (texts of
                        // each class's own, in a prompt set or in the file of features)
  Json resolved;        // prompts, their source and hash, numbers of texts and classes
  std::vector<std::string> warnings;  // of the prompts, and of texts that were cut
};

/// Encodes every text of every class; of a file of features: takes its text features. Throws
/// std::invalid_argument "[WHERE] ..." for an encoder without a text side, a file without a text feature a
/// class, and where the prompts do not fit the data set.
ZeroShotClassifier make_zero_shot_classifier(const Subject& subject, const std::string& prompts,
                                             const Dataset& dataset, const ProtocolContext& context,
                                             std::string_view where);

/// Cosines [N, K] float64 of features [N, E] (the tap `projected`, any length) with unit vectors [K, E]
/// float32. Equal vectors (two classes of one name) get the same bits, so that the lower class wins.
at::Tensor cosines(const at::Tensor& features, const at::Tensor& unit_vectors);

}  // namespace repbench
