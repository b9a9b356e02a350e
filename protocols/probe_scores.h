#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "protocols/linear_fits.h"
#include "reports/record.h"

namespace repbench {

/// What settings are chosen by: accuracy, or mean average precision where examples have several classes.
/// scores [N, K].
double selection_score(const at::Tensor& scores, const Truth& truth);

/// Metrics and outcomes of scores [N, K] on a test set: those of classification, or of ranking where examples
/// have several classes.
Record probe_record(const at::Tensor& scores, const Truth& truth, std::vector<std::string> ids,
                    std::vector<std::string> class_names);

/// Adds accuracy_best of the scores that are best on the test set itself.
void add_best_scores(const at::Tensor& scores, const Truth& truth, Record& record);

}  // namespace repbench
