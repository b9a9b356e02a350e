#pragma once

#include <string>

#include "reports/record.h"

// The JSON form of a record: what reports/schema/report.schema.json describes.

namespace repbench {

inline constexpr const char* kReportFile = "report.json";
inline constexpr const char* kOutcomesFile = "outcomes.json";

Json to_json(const Record& record);

/// The opposite, without the outcomes' columns. `where` begins its errors, e.g. "[record]
/// runs/a/report.json".
Record record_from_json(const Json& document, const std::string& where);

}  // namespace repbench
