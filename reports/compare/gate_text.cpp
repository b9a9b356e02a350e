#include "reports/compare/gate_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "reports/numbers.h"

namespace repbench {
namespace {

constexpr const char* kNothing = "—";

bool is_measured(const GateRow& row) {
  const Verdict verdict = row.judgement.verdict;
  return verdict != Verdict::missing && verdict != Verdict::not_comparable;
}

const std::optional<ErrorLevel>& level_of(const GateRow& row) {
  return row.metric.units ? row.metric.units : row.metric.seeds;
}

/// Decimals that the interval of the difference supports.
int decimals_of(const GateRow& row) {
  const auto& level = level_of(row);
  if (!level) return row.metric.unit.empty() ? 2 : 3;
  return decimals_for((level->interval.high - level->interval.low) * shown_scale(row.metric.unit));
}

std::string value_text(const GateRow& row, double value) {
  return format_fixed(value * shown_scale(row.metric.unit), decimals_of(row)) + shown_unit(row.metric.unit);
}

std::string difference_text(const GateRow& row, const std::optional<ErrorLevel>& level) {
  const double scale = shown_scale(row.metric.unit);
  const int decimals = decimals_of(row);
  std::string text = format_signed(row.metric.difference * scale, decimals);
  if (level) {
    text += fmt::format(" [{}, {}]", format_signed(level->interval.low * scale, decimals),
                        format_signed(level->interval.high * scale, decimals));
  }
  return text;
}

/// The seeds' own error, which decides nothing where the test set's is known.
std::string seeds_text(const GateRow& row) {
  if (!is_measured(row) || !row.metric.seeds) return kNothing;
  return fmt::format("{}, {} (n = {})", difference_text(row, row.metric.seeds), format_p(row.metric.seeds->p),
                     row.metric.seeds->n);
}

/// What was noted of rows, each text once with their number.
std::string remarks_of(const std::vector<const GateRow*>& rows) {
  std::vector<std::pair<std::string, size_t>> remarks;
  for (const GateRow* row : rows) {
    for (const std::string& note : row->metric.notes) {
      const auto known =
          std::find_if(remarks.begin(), remarks.end(), [&](const auto& one) { return one.first == note; });
      if (known == remarks.end()) {
        remarks.push_back({note, 1});
      } else {
        ++known->second;
      }
    }
  }
  std::string text;
  for (const auto& [note, number] : remarks)
    text += fmt::format("{}{} (of {} rows)", text.empty() ? "" : "; ", note, number);
  return text;
}

/// The rule's own number: the corrected p, and the loss that would have been found; or the n that it takes.
std::pair<std::string, std::string> evidence_text(const GateRow& row) {
  const Judgement& judgement = row.judgement;
  return {judgement.p_loss ? format_p(*judgement.p_loss) : kNothing,
          judgement.smallest_loss ? amount_text(*judgement.smallest_loss, row.metric.unit) : kNothing};
}

std::vector<std::string> cells_of(const GateRow& row, GateRule rule, bool with_seeds) {
  std::vector<std::string> cells = {std::string(name_of(row.judgement.verdict)),
                                    row.encoder.empty() ? kNothing : row.encoder, row.dataset,
                                    protocol_text(row), metric_text(row) + (row.is_marked() ? " ‡" : "")};
  if (!is_measured(row)) {
    const bool known = !row.metric.name.empty();
    cells.insert(cells.end(), {known ? value_text(row, row.metric.a) : kNothing, kNothing, kNothing});
  } else {
    cells.insert(cells.end(), {value_text(row, row.metric.a), value_text(row, row.metric.b),
                               difference_text(row, level_of(row))});
  }
  cells.push_back(row.metric.name.empty() ? kNothing : amount_text(row.margin, row.metric.unit));
  if (rule == GateRule::detect) {
    const auto evidence = evidence_text(row);
    cells.insert(cells.end(), {evidence.first, evidence.second});
  } else {
    cells.push_back(row.judgement.needed ? format_large(static_cast<double>(*row.judgement.needed))
                                         : kNothing);
  }
  if (with_seeds) cells.push_back(seeds_text(row));
  return cells;
}

}  // namespace

std::string_view outcome_name(const GateResult& result) {
  switch (exit_code(result)) {
    case 0:
      return "pass";
    case 1:
      return "regression";
    default:
      return "no verdict";
  }
}

std::string counts_text(const GateResult& result) {
  std::string text;
  for (const Verdict verdict : {Verdict::regression, Verdict::missing, Verdict::not_comparable,
                                Verdict::inconclusive, Verdict::improvement, Verdict::pass}) {
    const size_t number = count(result, verdict);
    const bool noun = verdict == Verdict::regression || verdict == Verdict::improvement;
    if (number > 0) {
      text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", number, name_of(verdict),
                          noun && number > 1 ? "s" : "");
    }
  }
  return text.empty() ? "nothing was gated" : text;
}

std::string policy_text(const GateResult& result) {
  if (result.policy.rule == GateRule::detect) {
    const std::vector<GateRow>& rows = result.whole.rows;
    return fmt::format(
        "Policy detect: a regression is a loss beyond its margin that a one-sided paired test shows (Holm "
        "over {} "
        "metrics, alpha {:g}; each slice is a family of its own). A pass does not prove equality: the "
        "smallest loss seen is what this rule, margin included, finds with 80 % power.",
        std::count_if(rows.begin(), rows.end(),
                      [](const GateRow& row) { return row.judgement.p_loss.has_value(); }),
        result.policy.alpha);
  }
  return "Policy noninferiority: a pass excludes a loss of the margin by the paired 95 % interval; a "
         "regression "
         "lies wholly beyond the margin; equal models are often inconclusive where n is small.";
}

std::string protocol_text(const GateRow& row) {
  return row.variant.empty() ? row.protocol : row.protocol + " " + row.variant;
}

std::string metric_text(const GateRow& row) {
  if (row.metric.name.empty()) return kNothing;
  return row.class_name.empty() ? row.metric.name : row.metric.name + ", class " + row.class_name;
}

std::vector<const GateRow*> worst_first(const std::vector<GateRow>& rows) {
  std::vector<const GateRow*> sorted;
  for (const GateRow& row : rows) sorted.push_back(&row);
  std::stable_sort(sorted.begin(), sorted.end(), [](const GateRow* a, const GateRow* b) {
    return a->judgement.verdict < b->judgement.verdict;
  });
  return sorted;
}

Table verdict_table(const std::vector<const GateRow*>& rows, GateRule rule) {
  Table table{"",
              "",
              {"verdict", "encoder", "data set", "protocol", "metric", "baseline", "candidate",
               "difference [95 %]", "margin"},
              {}};
  if (rule == GateRule::detect) {
    table.columns.insert(table.columns.end(), {"p of a loss (Holm)", "smallest loss seen"});
  } else {
    table.columns.push_back("n needed");
  }
  const bool with_seeds =
      std::any_of(rows.begin(), rows.end(), [](const GateRow* row) { return row->metric.seeds.has_value(); });
  if (with_seeds) table.columns.push_back("over seeds or draws");
  table.note = remarks_of(rows);
  for (const GateRow* row : rows) {
    if (row->judgement.verdict == Verdict::regression) table.bold.push_back({table.rows.size(), 0});
    table.rows.push_back(cells_of(*row, rule, with_seeds));
  }
  return table;
}

std::string numbers_text(const GateRow& row) {
  if (!is_measured(row)) return row.judgement.reason;
  std::string text =
      fmt::format("baseline {}, candidate {}, difference {}{}, margin {}; {}", value_text(row, row.metric.a),
                  value_text(row, row.metric.b), difference_text(row, level_of(row)),
                  row.metric.unit.empty() ? " points" : "", amount_text(row.margin, row.metric.unit),
                  row.judgement.reason);
  if (const auto& level = level_of(row)) text += "; " + level->method;
  if (row.metric.units && row.metric.seeds) text += "; over seeds or draws: " + seeds_text(row);
  for (const std::string& note : row.metric.notes) text += "; " + note;
  for (const FieldDifference& field : row.fields)
    text += fmt::format("; allowed: {}: {} and {}", field.field, field.a, field.b);
  return text;
}

Table field_table(const GateResult& result) {
  Table table{"", "", {"encoder", "data set", "protocol", "field", "baseline", "candidate", "allowed"}, {}};
  std::set<std::vector<std::string>> seen;
  for (const bool allowed : {false, true}) {
    for (const GateRow& row : result.whole.rows) {
      for (const FieldDifference& field : row.fields) {
        std::vector<std::string> cells = {row.encoder, row.dataset, protocol_text(row),      field.field,
                                          field.a,     field.b,     allowed ? "yes ‡" : "no"};
        if (field.allowed == allowed && seen.insert(cells).second) table.rows.push_back(std::move(cells));
      }
    }
  }
  return table;
}

}  // namespace repbench
