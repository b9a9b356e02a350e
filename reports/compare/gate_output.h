#pragma once

#include <string>

#include "reports/compare/gate.h"

namespace repbench {

/// For the terminal: the outcome, then a Markdown table of what did not pass, and of what did if it is short.
std::string gate_text(const GateResult& result);

/// For a pull request: the outcome and counts in one line, tables with regressions first, more than 20
/// passing rows folded away, slices, fields that differ, and `command`, which reproduces it. At most 60,000
/// characters (GitHub refuses a comment above 65,536): rows that do not fit are counted.
std::string gate_markdown(const GateResult& result, const std::string& command);

/// JUnit XML, valid against the schemas of Jenkins' xUnit plug-in and of windyroad. A testsuite an encoder
/// and data set, and one a slice; a testcase a metric, with classname "dataset.protocol". A regression is a
/// <failure>. Not comparable, missing and inconclusive are <error>: the gate exits with 3 then, and a build
/// that stops for it must show a red test, which <skipped> is not; a failure, in turn, would claim a loss
/// that nobody saw. Metrics without a direction and new ones are <skipped>. If nothing was gated, there is
/// one testcase that says so. The numbers are in the elements' text and in system-out, a line a metric.
/// `timestamp`: "2026-03-01T12:00:00", UTC.
std::string gate_junit(const GateResult& result, const std::string& timestamp);

/// Everything, numbers as numbers, with "schema_version": 1 and "exit_code".
Json gate_json(const GateResult& result, const std::string& command);

}  // namespace repbench
