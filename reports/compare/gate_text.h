#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/compare/gate.h"
#include "reports/table.h"

// The gate's words, shared by its outputs.

namespace repbench {

/// "regression", "no verdict", "pass": what the exit code says.
std::string_view outcome_name(const GateResult& result);

/// "1 regression, 2 inconclusive, 17 pass".
std::string counts_text(const GateResult& result);

/// "policy detect: ..." in one sentence: what a verdict means.
std::string policy_text(const GateResult& result);

/// "knn k=20".
std::string protocol_text(const GateRow& row);

/// "accuracy, class Sneaker"; "—" where there is no metric.
std::string metric_text(const GateRow& row);

/// Worst first, otherwise in their order.
std::vector<const GateRow*> worst_first(const std::vector<GateRow>& rows);

/// One row each: verdict, encoder, data set, protocol, metric, both values, difference, p, margin, smallest
/// loss. Marked with ‡ where fields differ that were allowed to.
Table verdict_table(const std::vector<const GateRow*>& rows, GateRule rule);

/// "baseline 89.1 %, candidate 87.8 %, difference -1.30 [-1.8, -0.8] points, ...": the numbers of a row.
std::string numbers_text(const GateRow& row);

/// Each differing field with both values, the forbidden ones first; no rows if there are none.
Table field_table(const GateResult& result);

}  // namespace repbench
