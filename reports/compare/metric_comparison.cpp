#include "reports/compare/metric_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "reports/axes.h"
#include "reports/compare/error_levels.h"
#include "reports/metric_kinds.h"

namespace repbench {
namespace {

/// One run on each side is one pair; several are paired by their seeds.
std::vector<RunPair> paired_runs(const std::string& name, const ReportCell& a, const ReportCell& b,
                                 MetricComparison& result) {
  std::vector<RunPair> pairs;
  const bool single = a.runs.size() == 1 && b.runs.size() == 1;
  for (const Run& left : a.runs) {
    for (const Run& right : b.runs) {
      if (!single && seed_of(left.record) != seed_of(right.record)) continue;
      const Metric *in_a = left.record.find(name), *in_b = right.record.find(name);
      if (in_a != nullptr && in_b != nullptr) pairs.push_back({&left, &right, in_a, in_b});
    }
  }
  if (single && !pairs.empty() && seed_of(a.runs[0].record) != seed_of(b.runs[0].record))
    result.notes.push_back(fmt::format("the seeds of pretraining differ: {} and {}",
                                       seed_of(a.runs[0].record), seed_of(b.runs[0].record)));
  const size_t left_out = a.runs.size() + b.runs.size() - 2 * pairs.size();
  if (left_out > 0 && !pairs.empty())
    result.notes.push_back(fmt::format("{} runs left out: their seeds are on one side only", left_out));
  return pairs;
}

/// The rows that count, as multiplicities; empty: all.
std::vector<uint32_t> rows_with(const OutcomeTable& table, const std::vector<int64_t>& classes) {
  std::vector<uint32_t> counts;
  if (classes.empty()) return counts;
  for (const int64_t label : table.labels)
    counts.push_back(std::find(classes.begin(), classes.end(), label) != classes.end() ? 1 : 0);
  return counts;
}

bool have_outcomes(const std::vector<RunPair>& pairs) {
  return std::all_of(pairs.begin(), pairs.end(), [](const RunPair& pair) {
    return table_of(*pair.run_a, *pair.a) != nullptr && table_of(*pair.run_b, *pair.b) != nullptr;
  });
}

bool are_of_the_same_units(const std::vector<RunPair>& pairs) {
  const OutcomeTable& first = *table_of(*pairs[0].run_a, *pairs[0].a);
  const auto is_same = [&](const OutcomeTable& table) {
    return table.ids == first.ids && table.labels == first.labels && table.groups == first.groups;
  };
  return std::all_of(pairs.begin(), pairs.end(), [&](const RunPair& pair) {
    return is_same(*table_of(*pair.run_a, *pair.a)) && is_same(*table_of(*pair.run_b, *pair.b));
  });
}

bool have_equal_hashes(const RunPair& pair) {
  const auto hashes = [](const Run& run) { return run.record.dataset.value("hashes", Json()); };
  return hashes(*pair.run_a) == hashes(*pair.run_b);
}

std::optional<ErrorLevel> unit_level(const std::vector<RunPair>& pairs, const std::vector<int64_t>& classes,
                                     MetricComparison& result) {
  const MetricKind& kind = find_metric_kind(result.name);
  const RunPair& first = pairs[0];
  if (kind.aggregate == Aggregate::none && first.a->repetitions && first.b->repetitions)
    return timed_level(first, result);
  if (kind.aggregate != Aggregate::none && have_outcomes(pairs) && are_of_the_same_units(pairs)) {
    const OutcomeTable& table = *table_of(*first.run_a, *first.a);
    const std::vector<uint32_t> kept = rows_with(table, classes);
    const bool proportions = pairs.size() == 1 && table.groups.empty() &&
                             !successes(*first.a, table).empty() &&
                             !successes(*first.b, *table_of(*first.run_b, *first.b)).empty();
    if (proportions) return proportions_level(first, kept);
    return bootstrap_level(pairs, kept, result.difference, result.direction);
  }
  result.notes.emplace_back("unpaired: there are no outcomes of the same units on both sides");
  return unpaired_level(pairs, result.difference, result.direction);
}

/// The metric over all rows, or over those of some classes; nothing if there are none.
std::optional<double> value_of(const Run& run, const Metric& metric, const std::vector<int64_t>& classes) {
  if (classes.empty()) return metric.value;
  const OutcomeTable* table = table_of(run, metric);
  if (table == nullptr) return std::nullopt;
  const std::vector<uint32_t> counts = rows_with(*table, classes);
  if (std::accumulate(counts.begin(), counts.end(), uint64_t{0}) == 0) return std::nullopt;
  return aggregate_outcomes(metric, *table, counts);
}

void note_saturation(const std::vector<RunPair>& pairs, MetricComparison& result) {
  const bool saturated = std::any_of(pairs.begin(), pairs.end(), [](const RunPair& pair) {
    return is_saturated(*pair.a) || is_saturated(*pair.b);
  });
  if (saturated)
    result.notes.emplace_back("saturated: within 2 % of the ceiling, where differences say little");
}

}  // namespace

double MetricComparison::loss() const {
  if (direction == Direction::neither) return 0;
  return direction == Direction::lower_is_better ? difference : -difference;
}

MetricComparison compare_metric(const std::string& name, const ReportCell& a, const ReportCell& b,
                                const std::vector<int64_t>& classes) {
  MetricComparison result;
  result.name = name;
  const std::vector<RunPair> pairs = paired_runs(name, a, b, result);
  if (pairs.empty()) {
    const auto has = [&](const ReportCell& cell) {
      return std::any_of(cell.runs.begin(), cell.runs.end(),
                         [&](const Run& run) { return run.record.find(name) != nullptr; });
    };
    result.not_comparable = !has(b) ? "only in A" : !has(a) ? "only in B" : "no seed is on both sides";
    return result;
  }
  result.unit = pairs[0].a->unit;
  result.direction = pairs[0].a->direction;
  result.headline = pairs[0].a->headline;
  for (const RunPair& pair : pairs) {
    if (pair.a->version != pair.b->version) {
      result.not_comparable =
          fmt::format("metrics.{}.version: {} and {}", name, pair.a->version, pair.b->version);
      return result;
    }
    const auto left = value_of(*pair.run_a, *pair.a, classes),
               right = value_of(*pair.run_b, *pair.b, classes);
    if (!left || !right) {
      result.not_comparable = "no outcomes of these classes";
      return result;
    }
    result.a += *left / static_cast<double>(pairs.size());
    result.b += *right / static_cast<double>(pairs.size());
  }
  result.difference = result.b - result.a;
  if (have_outcomes(pairs) && !are_of_the_same_units(pairs) &&
      std::any_of(pairs.begin(), pairs.end(), have_equal_hashes)) {
    result.not_comparable = "outcomes of other examples than their equal hashes say";
    return result;
  }
  result.units = unit_level(pairs, classes, result);
  const bool timed = find_metric_kind(name).aggregate == Aggregate::none;
  if (classes.empty() && (!timed || pairs.size() > 1)) result.seeds = seed_level(pairs, result.direction);
  note_saturation(pairs, result);
  return result;
}

void load_outcomes(ReportCell& cell) {
  for (Run& run : cell.runs) {
    if (!run.record.outcomes) run.record.outcomes = read_outcomes(run.file, run.record);
  }
}

}  // namespace repbench
