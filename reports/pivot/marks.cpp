#include "reports/pivot/marks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/axes.h"
#include "reports/metric_kinds.h"
#include "reports/statistics/intervals.h"
#include "reports/statistics/multiplicity.h"
#include "reports/statistics/paired.h"

namespace repbench {
namespace {

constexpr double kAlpha = 0.05;

std::vector<double> values_of(const PivotCell& cell) {
  std::vector<double> values;
  for (const Observation& run : cell.runs) values.push_back(run.metric->value);
  return values;
}

/// Cells of the column that are there, by row.
std::vector<size_t> present_rows(const Pivot& pivot, size_t column) {
  std::vector<size_t> rows;
  for (size_t row = 0; row < pivot.rows.size(); ++row) {
    if (!pivot.cells[row][column].empty()) rows.push_back(row);
  }
  return rows;
}

/// The row of the best cell, if its interval lies beyond all others.
std::optional<size_t> best_beyond_interval(const Pivot& pivot, size_t column) {
  const std::vector<size_t> rows = present_rows(pivot, column);
  if (rows.size() < 2) return std::nullopt;
  const auto cell = [&](size_t row) -> const PivotCell& { return pivot.cells[row][column]; };
  const Direction direction = cell(rows[0]).metric().direction;
  if (direction == Direction::neither) return std::nullopt;
  const bool higher = direction == Direction::higher_is_better;
  const size_t best = *std::max_element(rows.begin(), rows.end(), [&](size_t a, size_t b) {
    return higher ? cell(a).mean() < cell(b).mean() : cell(a).mean() > cell(b).mean();
  });
  const auto own = interval_of(cell(best));
  for (const size_t row : rows) {
    if (row == best) continue;
    const auto other = interval_of(cell(row));
    if (!own || !other || !are_comparable(pivot, cell(best), cell(row))) return std::nullopt;
    if (higher ? own->low <= other->high : own->high >= other->low) return std::nullopt;
  }
  return best;
}

/// Who was right, of a single run whose metric is a share of examples.
struct Successes {
  std::vector<std::string> ids;
  std::vector<uint8_t> right;  // empty: no such outcomes
};

Successes successes_of(const PivotCell& cell) {
  if (cell.runs.size() != 1 || cell.metric().column.empty()) return {};
  const Run& run = *cell.runs[0].run;
  const std::optional<Outcomes> read =
      run.record.outcomes ? std::nullopt : read_outcomes(run.file, run.record);
  const Outcomes* outcomes = run.record.outcomes ? &*run.record.outcomes : read ? &*read : nullptr;
  const OutcomeTable* table = outcomes == nullptr ? nullptr : outcomes->table_of(cell.metric().column);
  if (table == nullptr || !table->groups.empty()) return {};
  return {table->ids, successes(cell.metric(), *table)};
}

std::optional<double> p_over_seeds(const PivotCell& first, const PivotCell& cell) {
  std::vector<double> differences;
  for (const Observation& a : first.runs) {
    for (const Observation& b : cell.runs) {
      if (seed_of(a.run->record) == seed_of(b.run->record))
        differences.push_back(b.metric->value - a.metric->value);
    }
  }
  if (differences.size() < 2) return std::nullopt;
  const PairedT test = paired_t(differences);
  if (test.standard_error > 0 || test.mean == 0) return test.p;
  return std::min(1.0, std::exp2(1 - static_cast<double>(test.n)));  // seeds that agree: their signs alone
}

struct Test {
  size_t row = 0, column = 0;
};

/// Tests every cell of a column against the first row's.
void test_column(const Pivot& pivot, size_t column, std::vector<Test>& tests, std::vector<double>& p,
                 Marks& marks) {
  const PivotCell& first = pivot.cells[0][column];
  if (first.empty() || pivot.rows.size() < 2) return;
  const Successes reference = successes_of(first);
  for (size_t row = 1; row < pivot.rows.size(); ++row) {
    const PivotCell& cell = pivot.cells[row][column];
    if (cell.empty()) continue;
    ++marks.untested;
    if (!are_comparable(pivot, first, cell)) continue;
    std::optional<double> found = p_over_seeds(first, cell);
    marks.tested_seeds = marks.tested_seeds || found.has_value();
    if (!found && !reference.right.empty()) {
      const Successes own = successes_of(cell);
      if (own.right.empty() || own.ids != reference.ids) continue;
      const PairedCounts counts = paired_counts(reference.right, own.right);
      found = mcnemar_mid_p(counts.only_a, counts.only_b);
      marks.tested_outcomes = true;
    }
    if (!found) continue;
    --marks.untested;
    tests.push_back({row, column});
    p.push_back(*found);
  }
}

}  // namespace

std::optional<Interval> interval_of(const PivotCell& cell) {
  return cell.runs.size() == 1 ? cell.metric().interval
                               : std::optional(mean_and_deviation(values_of(cell)).interval);
}

std::string Marks::text() const {
  std::string text;
  if (!bold.empty()) text += "Bold: best of its column, its interval overlapping no other. ";
  if (untested > 0) {
    text += fmt::format(
        "{} cells below a first row were not tested (they are no shares of single runs, or measure something "
        "else). ",
        untested);
  }
  if (tests == 0) return text;
  const char* how = tested_outcomes && tested_seeds
                        ? "an exact McNemar test (mid-p) on the same examples, or a paired t test over seeds"
                    : tested_seeds ? "a paired t test over seeds"
                                   : "an exact McNemar test (mid-p) on the same examples";
  return text + fmt::format("{} by {}, corrected by Holm's method over {} {} at 5 %. ",
                            daggers.empty() ? "No cell differs significantly from the first row of its column"
                                            : "†: differs significantly from the first row of its column",
                            how, tests, tests == 1 ? "test" : "tests");
}

Marks find_marks(const Pivot& pivot) {
  Marks marks;
  std::vector<Test> tests;
  std::vector<double> p;
  for (size_t column = 0; column < pivot.columns.size(); ++column) {
    if (const auto best = best_beyond_interval(pivot, column)) marks.bold.emplace_back(*best, column);
    test_column(pivot, column, tests, p, marks);
  }
  const std::vector<double> adjusted = holm(p);
  for (size_t i = 0; i < tests.size(); ++i) {
    if (adjusted[i] < kAlpha) marks.daggers.emplace(tests[i].row, tests[i].column);
  }
  marks.tests = tests.size();
  return marks;
}

}  // namespace repbench
