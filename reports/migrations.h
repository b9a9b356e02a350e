#pragma once

#include <string>

#include "reports/record.h"

// What older files are read as. One step a schema version, applied one after another; each version has a
// golden file in tests/golden/reports/.

namespace repbench {

/// A report of schema `from` (1 to kReportSchemaVersion) as one of today's. `where` begins errors.
Json migrated_report(Json document, int from, const std::string& where);

/// The same for the file of outcomes beside it.
Json migrated_outcomes(Json document, int from, const std::string& where);

}  // namespace repbench
