#include "reports/pivot/average.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "reports/numbers.h"
#include "reports/statistics/rank_stability.h"

namespace repbench {
namespace {

void check_columns(const Pivot& pivot, const std::vector<std::string>& headings) {
  if (headings.size() < 2)
    throw std::invalid_argument(
        fmt::format("[report] --average: expected two columns or more; got {}", headings.size()));
  for (size_t column = 0; column < headings.size(); ++column) {
    for (const auto& row : pivot.cells) {
      if (row[column].empty()) continue;
      const Metric& metric = row[column].metric();
      if (metric.unit.empty() && metric.direction == Direction::higher_is_better) continue;
      throw std::invalid_argument(fmt::format(
          "[report] --average: expected shares of which more is better in every column; got {} in {}",
          metric.name, headings[column]));
    }
  }
}

bool is_complete(const std::vector<PivotCell>& row) {
  return std::none_of(row.begin(), row.end(), [](const PivotCell& cell) { return cell.empty(); });
}

std::string name_of(const std::vector<std::string>& values) {
  std::string name;
  for (const std::string& value : values) name += (name.empty() ? "" : ", ") + value;
  return name;
}

/// Does the ranking hang on one column?
std::string stability_text(const std::vector<std::vector<double>>& scores,
                           const std::vector<std::string>& names, const std::vector<std::string>& headings) {
  const std::optional<RankStability> stability = rank_stability(scores);
  if (!stability) return "How alike the columns rank the rows takes three complete rows: not known here. ";
  std::string text = fmt::format(
      "Two columns' rankings of {} rows agree with Spearman's {:.2f} on average, least ({:.2f}) {} and {}. ",
      scores.size(), stability->mean_spearman, stability->least_spearman, headings[stability->least_first],
      headings[stability->least_second]);
  if (!stability->leader_changes)
    return text + fmt::format("{} leads whichever column is dropped. ", names[stability->leader]);
  for (size_t i = 0; i < headings.size(); ++i) {
    if (stability->without[i].leader_changes)
      text += fmt::format("Without {}, {} leads instead of {}. ", headings[i],
                          names[stability->without[i].leader], names[stability->leader]);
  }
  return text;
}

}  // namespace

AverageColumn average_column(const Pivot& pivot, const std::vector<std::string>& headings) {
  check_columns(pivot, headings);
  AverageColumn average;
  std::vector<std::vector<double>> scores;
  std::vector<std::string> names;
  for (size_t row = 0; row < pivot.rows.size(); ++row) {
    if (!is_complete(pivot.cells[row])) {
      average.cells.emplace_back("—");
      continue;
    }
    std::vector<double> means;
    for (const PivotCell& cell : pivot.cells[row]) means.push_back(cell.mean());
    const double mean = std::accumulate(means.begin(), means.end(), 0.0) / static_cast<double>(means.size());
    average.cells.push_back(format_fixed(mean * shown_scale(""), 1) + shown_unit(""));
    scores.push_back(std::move(means));
    names.push_back(name_of(pivot.rows[row]));
  }
  const size_t left_out = pivot.rows.size() - scores.size();
  average.note = "Average: unweighted mean over the columns, of complete rows only";
  if (left_out > 0) average.note += fmt::format(" ({} of {} lack a cell)", left_out, pivot.rows.size());
  average.note += ". " + stability_text(scores, names, headings);
  return average;
}

}  // namespace repbench
