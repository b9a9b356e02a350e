# Run at build time: writes OUTPUT with the commit that is being built; untouched if nothing changed.
execute_process(COMMAND git -C ${SOURCE} rev-parse HEAD OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
execute_process(COMMAND git -C ${SOURCE} status --porcelain OUTPUT_VARIABLE changes ERROR_QUIET)
set(dirty false)
if(NOT changes STREQUAL "")
  set(dirty true)
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT [=[
#include "suite/version.h"

namespace repbench {
std::string_view build_commit() { return "@commit@"; }
bool build_dirty() { return @dirty@; }
std::string_view version() { return "@VERSION@"; }
}  // namespace repbench
]=] @ONLY)
