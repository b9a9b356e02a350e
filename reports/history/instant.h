#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace repbench {

/// Microseconds since 1970-01-01T00:00:00Z.
using Instant = int64_t;

/// ISO 8601: "2026-03-01", "2026-03-01T12:00Z", "2026-03-01 12:00:07.25+02:00"; without a zone it is UTC.
/// Empty for anything else, days and hours that do not exist among it.
std::optional<Instant> instant_in(std::string_view text);

std::string date_text(Instant instant);  // "2026-03-01", UTC
std::string time_text(Instant instant);  // "2026-03-01T12:00:07Z"

}  // namespace repbench
