#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "protocols/throughput/timing.h"
#include "reports/record.h"

// What was timed, as a report tells it.

namespace repbench {

/// Adds a subject's workloads: rates (the first is the headline) with Student's t intervals over blocks,
/// percentiles of single calls, the pipeline's share of waiting; curves over repetitions; resolved["batch"]
/// and
/// ["warm_up"]; cost per workload: MACs of an example, GFLOP/s, the share of what the matrix product `peak`
/// reached in the same repetitions, and the speed of the matrix products themselves.
void summarise(std::span<const Workload> workloads, size_t subject, const Workload& peak, Record& record);

/// resolved["rank_among"] of the subjects by their first metric, and a warning where an order cannot be told.
/// `labels` are theirs.
void rank_among(std::span<Record*> records, const std::vector<std::string>& labels);

}  // namespace repbench
