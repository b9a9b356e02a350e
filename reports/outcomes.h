#pragma once

#include <string>

#include "reports/record.h"

namespace repbench {

/// The file beside a report: one compact JSON object of equally long columns. Throws std::invalid_argument if
/// a column is shorter than another or an id occurs twice (each example counts once).
std::string outcomes_bytes(const Outcomes& outcomes);

}  // namespace repbench
