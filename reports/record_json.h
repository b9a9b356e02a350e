#pragma once

#include <string>

#include "reports/record.h"

// The JSON form of a record: what reports/schema/report.schema.json describes.

namespace repbench {

inline constexpr const char* kReportFile = "report.json";
inline constexpr const char* kOutcomesFile = "outcomes.json";

Json to_json(const Record& record);

/// The key of a report's seal: a sha256 over the canonical JSON of everything else.
inline constexpr const char* kSeal = "sha256";
std::string seal_of(Json document);

/// The opposite, without the outcomes' columns. `where` begins its errors, e.g. "[record]
/// runs/a/report.json". Older schemas are migrated first; the seal is not looked at.
Record record_from_json(const Json& document, const std::string& where);

}  // namespace repbench
