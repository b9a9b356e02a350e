#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/record.h"

namespace repbench {

/// The file beside a report: one compact JSON object of tables. Throws std::invalid_argument if a column is
/// longer than another, not finite or in two tables, or if an id occurs twice (each unit counts once).
std::string outcomes_bytes(const Outcomes& outcomes);

/// A metric with a column is what its outcomes give: two ways to the same number. Throws
/// std::invalid_argument "WHERE: metric NAME: expected ...; got ..." if it is not, or if there is no such
/// column.
void check_against_outcomes(const std::vector<Metric>& metrics, const std::optional<Outcomes>& outcomes,
                            const std::string& where);

}  // namespace repbench
