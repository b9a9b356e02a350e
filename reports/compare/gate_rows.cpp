#include "reports/compare/gate_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "reports/compare/gate_slices.h"
#include "reports/rows.h"

namespace repbench {
namespace {

const Record& first_record(const ReportCell& cell) { return cell.runs[0].record; }

bool has_metric(const ReportCell& cell, const std::string& name) {
  return std::any_of(cell.runs.begin(), cell.runs.end(),
                     [&](const Run& run) { return run.record.find(name) != nullptr; });
}

std::string both_names(const std::string& a, const std::string& b) { return a == b ? a : a + " → " + b; }

/// Each differing field with both values.
std::string fields_text(const std::vector<FieldDifference>& fields) {
  std::string text;
  for (const FieldDifference& field : fields) {
    if (!field.allowed)
      text += fmt::format("{}{}: {} and {}", text.empty() ? "" : "; ", field.field, field.a, field.b);
  }
  return text;
}

}  // namespace

bool is_open(const GateRow& row) { return row.judgement.reason.empty(); }

GateRows::GateRows(const Side& baseline, const Side& candidate, const GatePolicy& policy) : policy_(policy) {
  slices.resize(policy.slices.size());
  const Comparison comparison = compare_sides(
      baseline, candidate,
      {{policy.allowed}, Correction::holm, [this](const Metric& metric) { return is_gated(metric); }},
      [this](const CellComparison& cell, const ReportCell& a, const ReportCell& b) {
        add_compared(cell, a, b);
        add_classes(cell, a, b);
        add_new(b, &a);
      });
  auto cell = comparison.cells.begin();
  for (const CellPair& pair : pair_cells(baseline, candidate)) {
    if (pair.a == nullptr) {
      add_new(*pair.b, nullptr);
    } else if (pair.b == nullptr) {
      add_undecided(*pair.a, nullptr, nullptr);
    } else {
      if (cell == comparison.cells.end())
        throw std::logic_error("[gate] expected a comparison for each pair");
      if (!cell->comparable()) add_undecided(*pair.a, pair.b, &*cell);
      ++cell;
    }
  }
  fill_slices();
}

bool GateRows::is_gated(const Metric& metric) const {
  if (policy_.metrics.empty()) return policy_.all_metrics || metric.headline;
  return std::find(policy_.metrics.begin(), policy_.metrics.end(), metric.name) != policy_.metrics.end();
}

/// Of this cell, in the order of its report; directionless ones included.
std::vector<std::string> GateRows::gated_names(const ReportCell& cell) const {
  std::vector<std::string> names;
  for (const Metric& metric : first_record(cell).metrics) {
    if (is_gated(metric)) names.push_back(metric.name);
  }
  return names;
}

GateRow GateRows::row_of(const ReportCell& cell, const std::string& name) const {
  const Metric& metric = *first_record(cell).find(name);
  GateRow row;
  row.encoder = cell.encoder;
  row.dataset = cell.dataset;
  row.protocol = cell.protocol;
  row.variant = cell.variant;
  row.metric.name = name;
  row.metric.unit = metric.unit;
  row.metric.direction = metric.direction;
  row.metric.headline = metric.headline;
  row.metric.a = metric.value;
  const Margin margin = margin_of(policy_, cell.dataset, cell.protocol, name, metric.unit);
  row.margin = margin.value;
  row.margin_key = margin.key;
  return row;
}

void GateRows::add_compared(const CellComparison& cell, const ReportCell& a, const ReportCell& b) {
  for (const std::string& name : gated_names(a)) {
    GateRow row = row_of(a, name);
    row.encoder = both_names(cell.encoder_a, cell.encoder_b);
    row.fields = cell.fields;
    row.notes = cell.notes;
    const auto compared = std::find_if(cell.metrics.begin(), cell.metrics.end(),
                                       [&](const MetricComparison& metric) { return metric.name == name; });
    if (!has_metric(b, name)) {
      row.judgement = {Verdict::missing, "the candidate's report has no such metric", {}, {}, {}, {}};
    } else if (compared->not_comparable.empty()) {
      row.metric = *compared;
    } else {
      row.judgement = {Verdict::not_comparable, compared->not_comparable, {}, {}, {}, {}};
    }
    const bool gated = row.metric.direction != Direction::neither;
    (gated ? whole : shown).push_back(std::move(row));
  }
}

void GateRows::add_classes(const CellComparison& cell, const ReportCell& a, const ReportCell& b) {
  for (size_t i = 0; i < policy_.slices.size(); ++i) {
    const SlicePolicy& slice = policy_.slices[i];
    if (!slice.by_class() || !slice.matches(cell.dataset, cell.protocol)) continue;
    for (const std::string& name : gated_names(a)) {
      if (first_record(a).find(name)->direction == Direction::neither) continue;
      for (const ClassOfUnits& one : chosen_classes(policy_, slice, a, name)) {
        GateRow row = row_of(a, name);
        row.encoder = both_names(cell.encoder_a, cell.encoder_b);
        row.class_name = one.name;
        row.fields = cell.fields;
        const MetricComparison compared = compare_metric(name, a, b, {one.label});
        if (compared.not_comparable.empty()) {
          row.metric = compared;
        } else {
          row.judgement = {Verdict::not_comparable, compared.not_comparable, {}, {}, {}, {}};
        }
        slices[i].push_back(std::move(row));
      }
    }
  }
}

void GateRows::add_undecided(const ReportCell& a, const ReportCell* b, const CellComparison* cell) {
  for (const std::string& name : gated_names(a)) {
    GateRow row = row_of(a, name);
    if (row.metric.direction == Direction::neither) continue;
    if (b == nullptr) {
      row.judgement = {Verdict::missing, "the candidate has no such report", {}, {}, {}, {}};
    } else {
      row.encoder = both_names(a.encoder, b->encoder);
      row.fields = cell->fields;
      row.judgement = {Verdict::not_comparable, fields_text(cell->fields), {}, {}, {}, {}};
    }
    whole.push_back(std::move(row));
  }
}

void GateRows::add_new(const ReportCell& b, const ReportCell* a) {
  for (const std::string& name : gated_names(b)) {
    if (a != nullptr && has_metric(*a, name)) continue;
    added.push_back(row_of(b, name));
  }
}

void GateRows::fill_slices() {
  for (size_t i = 0; i < policy_.slices.size(); ++i) {
    const SlicePolicy& slice = policy_.slices[i];
    bool matched = false;
    for (const GateRow& row : whole) {
      if (!slice.matches(row.dataset, row.protocol)) continue;
      matched = true;
      if (!slice.by_class() || !is_open(row)) slices[i].push_back(row);
    }
    if (slices[i].empty() && matched) {
      throw std::invalid_argument(
          fmt::format("{}: expected outcomes with labels for {}.classes; got none in the reports of {}",
                      where(policy_), slice.key, slice.dataset == "*" ? "any data set" : slice.dataset));
    }
    if (slices[i].empty()) {
      GateRow row;
      row.dataset = slice.dataset;
      row.protocol = slice.protocol;
      row.judgement = {Verdict::missing, "the baseline has nothing gated of this slice", {}, {}, {}, {}};
      slices[i].push_back(std::move(row));
    }
    for (GateRow& row : slices[i]) {
      if (!slice.margin) continue;
      row.margin = *slice.margin;
      row.margin_key = slice.key + ".margin";
    }
  }
}

}  // namespace repbench
