#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "configs/options.h"
#include "protocols/features.h"
#include "protocols/linear_fits.h"
#include "protocols/protocol.h"

namespace repbench {

/// On which examples a probe's settings are chosen; never on the test set.
struct SelectionOptions {
  std::string on = "held_out";  // held_out, folds, leave_one_out
  double held_out = 0.1;        // share of the training examples
  int64_t folds = 3;
  std::string validation_split;  // not "": it is chosen on this split, and refitted on train and it together

  void describe(Options& options);
};

/// Frozen features of a task, and the rows of the training features that settings are chosen on.
struct ProbeData {
  FeatureSet train, test;  // a validation split's rows stand behind the training split's
  Truth train_truth, test_truth;
  std::vector<SelectionSplit> splits;  // empty for leave_one_out
  int64_t classes = 0;
};

/// Throws std::invalid_argument "[WHERE] ..." where there is nothing to learn from or nothing to judge.
ProbeData load_probe_data(const Subject& subject, const Task& task, std::span<const std::string> taps,
                          const SelectionOptions& selection, const ProtocolContext& context,
                          std::string_view where);

/// The examples' classes. Throws std::invalid_argument for a class that the data set does not name.
Truth truth_of(const Dataset& dataset, const IndexList& examples);

}  // namespace repbench
