#pragma once

#include <string>
#include <vector>

#include "reports/compare/gate.h"

namespace repbench {

/// A class of a metric's outcomes.
struct ClassOfUnits {
  int64_t label = 0;
  std::string name;  // "label 3" where the classes have no names
};

/// The classes that a slice chooses among the labels of the metric's outcomes in `cell`; nothing if the
/// metric has no outcomes with labels. Throws std::invalid_argument naming file and key for a name that is no
/// class, or stands for several, and for a class without examples.
std::vector<ClassOfUnits> chosen_classes(const GatePolicy& policy, const SlicePolicy& slice,
                                         const ReportCell& cell, const std::string& metric);

}  // namespace repbench
