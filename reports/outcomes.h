#pragma once

#include <string>

#include "reports/record.h"

namespace repbench {

/// The file beside a report: one compact JSON object of tables. Throws std::invalid_argument if a column is
/// longer than another, not finite or in two tables, or if an id occurs twice (each unit counts once).
std::string outcomes_bytes(const Outcomes& outcomes);

}  // namespace repbench
