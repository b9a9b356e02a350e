#include <fmt/format.h>

#include <algorithm>

#include "reports/compare/comparison.h"
#include "reports/numbers.h"

namespace repbench {
namespace {

constexpr const char* kNothing = "—";

double scale_of(const MetricComparison& metric) { return shown_scale(metric.unit); }

/// "-1.30 [-1.62, -0.98]", in points for shares.
std::string difference_text(const MetricComparison& metric, const std::optional<ErrorLevel>& level) {
  if (!level) return format_signed(metric.difference * scale_of(metric), 1);
  const double low = level->interval.low * scale_of(metric), high = level->interval.high * scale_of(metric);
  const int decimals = decimals_for(high - low);
  return fmt::format("{} [{}, {}]", format_signed(metric.difference * scale_of(metric), decimals),
                     format_signed(low, decimals), format_signed(high, decimals));
}

std::string value_text(const MetricComparison& metric, double value) {
  const double width = metric.units ? metric.units->interval.high - metric.units->interval.low : 0;
  const double shown = value * scale_of(metric);
  return (metric.unit.empty() ? format_fixed(shown, decimals_for(width * scale_of(metric)))
                              : format_large(shown)) +
         shown_unit(metric.unit);
}

std::string encoders_of(const CellComparison& cell) {
  return cell.encoder_a == cell.encoder_b ? cell.encoder_a : cell.encoder_a + " → " + cell.encoder_b;
}

bool is_marked(const CellComparison& cell) { return !cell.fields.empty(); }

std::vector<std::string> row_of(const CellComparison& cell, const MetricComparison& metric) {
  const auto& units = metric.units;
  std::vector<std::string> row = {encoders_of(cell), cell.dataset, cell.way() + (is_marked(cell) ? " ‡" : ""),
                                  metric.name};
  if (!metric.not_comparable.empty()) {
    row.insert(row.end(),
               {kNothing, kNothing, metric.not_comparable, kNothing, kNothing, kNothing, kNothing});
    return row;
  }
  row.push_back(value_text(metric, metric.a));
  row.push_back(value_text(metric, metric.b));
  row.push_back(difference_text(metric, units));
  row.push_back(units ? format_p(units->p) : kNothing);
  row.push_back(metric.adjusted_p ? format_p(*metric.adjusted_p) : kNothing);
  row.push_back(metric.seeds
                    ? difference_text(metric, metric.seeds) + fmt::format(" (n = {})", metric.seeds->n)
                    : kNothing);
  row.push_back(units && units->detectable > 0
                    ? format_fixed(units->detectable * scale_of(metric),
                                   decimals_for(units->detectable * scale_of(metric)))
                    : kNothing);
  return row;
}

/// Texts that are said of some cells, each once with the cells it is said of.
class Remarks {
 public:
  void add(const std::string& cell, const std::string& text) {
    for (auto& [said, cells] : remarks_) {
      if (said != text) continue;
      if (cells.back() != cell) cells.push_back(cell);
      return;
    }
    remarks_.push_back({text, {cell}});
  }

  Table table(const std::string& title, const std::string& column) const {
    Table table{title, "", {column, "of"}, {}};
    for (const auto& [text, cells] : remarks_) {
      constexpr size_t kShown = 4;
      std::string names;
      for (size_t i = 0; i < std::min(cells.size(), kShown); ++i) names += (i == 0 ? "" : ", ") + cells[i];
      if (cells.size() > kShown) names += fmt::format(" and {} more", cells.size() - kShown);
      table.rows.push_back({text, names});
    }
    return table;
  }

 private:
  std::vector<std::pair<std::string, std::vector<std::string>>> remarks_;
};

Table remarks_of(const Comparison& comparison) {
  Remarks remarks;
  for (const CellComparison& cell : comparison.cells) {
    if (!cell.comparable()) continue;
    const std::string name = cell.dataset + "/" + cell.way();
    for (const std::string& note : cell.notes) remarks.add(name, note);
    for (const MetricComparison& metric : cell.metrics) {
      if (metric.units) remarks.add(name + "/" + metric.name, metric.units->method);
      if (metric.seeds) remarks.add(name + "/" + metric.name, metric.seeds->method);
      for (const std::string& note : metric.notes) remarks.add(name + "/" + metric.name, note);
    }
  }
  return remarks.table("How it was tested, and what else differs", "remark");
}

Table field_table(const Comparison& comparison, bool allowed) {
  Table table{
      allowed ? "Allowed differences ‡" : "Not comparable",
      allowed ? "These fields differ and were allowed: the numbers marked ‡ measure different things." : "",
      {"encoder", "data set", "protocol", "field", "A", "B"},
      {}};
  for (const CellComparison& cell : comparison.cells) {
    for (const FieldDifference& field : cell.fields) {
      if (field.allowed != allowed) continue;
      table.rows.push_back({encoders_of(cell), cell.dataset, cell.way(), field.field, field.a, field.b});
    }
  }
  return table;
}

Table missing_table(const Comparison& comparison) {
  Table table{"Missing", "", {"encoder", "data set", "protocol", "there", "missing"}, {}};
  for (const MissingCell& cell : comparison.missing) {
    table.rows.push_back(
        {cell.encoder, cell.dataset, cell.protocol, cell.in_a ? "A" : "B", cell.in_a ? "B" : "A"});
  }
  return table;
}

std::string difference_note(const Comparison& comparison) {
  return fmt::format(
      "Differences are B - A, shares in points, with 95 % intervals on the same test examples. p: two-sided, "
      "of no "
      "difference; corrected: {} over the headlines above. Over seeds: paired t, the seeds' own error. "
      "Smallest seen: the "
      "difference that this test finds with 80 % power (two-sided, 5 %).",
      comparison.correction == Correction::holm ? "Holm" : "Benjamini-Hochberg");
}

std::string stability_text(const AverageDifference& average) {
  if (!average.stability)
    return "How alike the tasks rank encoders takes three encoders in all of them: not known here.";
  const RankStability& stability = *average.stability;
  std::string text = fmt::format(
      "The rankings of {} encoders by two tasks agree with Spearman's {:.2f} on average, least ({:.2f}) by "
      "{} and {}.",
      average.encoders, stability.mean_spearman, stability.least_spearman,
      average.task_names[stability.least_first], average.task_names[stability.least_second]);
  for (size_t i = 0; i < stability.without.size(); ++i) {
    if (stability.without[i].leader_changes)
      text += fmt::format(" Without {} another encoder leads.", average.task_names[i]);
  }
  return text;
}

Table average_table(const AverageDifference& average) {
  const auto points = [](double value) { return format_signed(100 * value, 2); };
  Table table{"Average over tasks",
              "",
              {"tasks", "mean difference, points", "least with one left out", "most with one left out"},
              {}};
  table.rows.push_back({std::to_string(average.tasks), points(average.difference),
                        fmt::format("{} (without {})", points(average.least), average.least_without),
                        fmt::format("{} (without {})", points(average.most), average.most_without)});
  table.note = stability_text(average);
  const bool fragile = average.least < 0 && average.most > 0;
  if (fragile) table.note += " The sign hangs on one task: this average says little.";
  return table;
}

}  // namespace

std::vector<Table> to_tables(const Comparison& comparison) {
  Table differences{fmt::format("B = {} against A = {}", comparison.b, comparison.a),
                    difference_note(comparison),
                    {"encoder", "data set", "protocol", "metric", "A", "B", "B - A", "p", "p, corrected",
                     "over seeds", "smallest seen"},
                    {}};
  for (const CellComparison& cell : comparison.cells) {
    for (const MetricComparison& metric : cell.metrics) differences.rows.push_back(row_of(cell, metric));
  }
  std::vector<Table> tables = {differences, field_table(comparison, false), field_table(comparison, true),
                               missing_table(comparison)};
  if (comparison.average) tables.push_back(average_table(*comparison.average));
  tables.push_back(remarks_of(comparison));
  std::erase_if(tables, [](const Table& table) { return table.rows.empty(); });
  return tables;
}

}  // namespace repbench
