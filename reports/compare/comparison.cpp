#include "reports/compare/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "files/nearest.h"
#include "reports/statistics/multiplicity.h"

namespace repbench {
namespace {

using Cells = std::vector<const ReportCell*>;

/// Which row of B each row of A stands against. Rows of one name belong together; of what is left, the only
/// trained row on either side.
std::map<std::string, std::string> paired_encoders(const Side& a, const Side& b) {
  const auto rows_of_side = [](const Side& side) {
    std::map<std::string, bool> rows;  // name, is it a control?
    for (const ReportCell& cell : side.cells) rows[cell.encoder] = cell.control;
    return rows;
  };
  auto in_a = rows_of_side(a), in_b = rows_of_side(b);
  std::map<std::string, std::string> pairs;
  for (const auto& [name, control] : in_a) {
    if (in_b.contains(name)) pairs[name] = name;
  }
  for (const auto& [name, same] : pairs) {
    in_a.erase(name);
    in_b.erase(same);
  }
  const bool only_row = in_a.size() == 1 && in_b.size() == 1;
  if (!only_row) {
    std::erase_if(in_a, [](const auto& row) { return row.second; });
    std::erase_if(in_b, [](const auto& row) { return row.second; });
  }
  if (in_a.size() == 1 && in_b.size() == 1) pairs[in_a.begin()->first] = in_b.begin()->first;
  return pairs;
}

bool is_same_task(const ReportCell& a, const ReportCell& b) {
  return a.dataset == b.dataset && a.protocol == b.protocol;
}

size_t count_differences(const ReportCell& a, const ReportCell& b) {
  return field_differences(a.runs[0].record, b.runs[0].record, {}).size();
}

/// Pairs what has equal fingerprints, then what differs least; the rest is missing on the other side.
void pair_rows(Cells of_a, Cells of_b, std::vector<CellPair>& pairs) {
  const auto take = [&](auto fits) {
    for (const ReportCell*& left : of_a) {
      const auto right = std::find_if(of_b.begin(), of_b.end(), [&](const ReportCell* cell) {
        return left != nullptr && cell != nullptr && fits(*left, *cell);
      });
      if (right == of_b.end()) continue;
      pairs.push_back({left, *right});
      left = nullptr;
      *right = nullptr;
    }
  };
  take([](const ReportCell& a, const ReportCell& b) {
    return is_same_task(a, b) && a.fingerprint == b.fingerprint;
  });
  for (size_t limit = 0; limit < 64; ++limit) {
    take([&](const ReportCell& a, const ReportCell& b) {
      return is_same_task(a, b) && count_differences(a, b) <= limit;
    });
  }
  for (const ReportCell* cell : of_a) {
    if (cell != nullptr) pairs.push_back({cell, nullptr});
  }
  for (const ReportCell* cell : of_b) {
    if (cell != nullptr) pairs.push_back({nullptr, cell});
  }
}

Cells cells_of(const Side& side, const std::string& encoder) {
  Cells cells;
  for (const ReportCell& cell : side.cells) {
    if (cell.encoder == encoder) cells.push_back(&cell);
  }
  return cells;
}

/// A's headline first, then the others as the reports list them.
std::vector<std::string> all_metrics(const ReportCell& a, const ReportCell& b) {
  std::vector<std::string> names = {a.runs[0].record.headline().name};
  for (const ReportCell* cell : {&a, &b}) {
    for (const Metric& metric : cell->runs[0].record.metrics) {
      if (std::find(names.begin(), names.end(), metric.name) == names.end()) names.push_back(metric.name);
    }
  }
  return names;
}

void compare_metrics(ReportCell& a, ReportCell& b, CellComparison& cell) {
  load_outcomes(a);
  load_outcomes(b);
  for (const std::string& name : all_metrics(a, b)) cell.metrics.push_back(compare_metric(name, a, b));
}

/// A name that is no field would allow nothing, unnoticed.
void check_allowed(const AllowedFields& allowed, const std::vector<CellPair>& pairs) {
  std::set<std::string> fields;
  for (const CellPair& pair : pairs) {
    if (pair.a == nullptr || pair.b == nullptr || allowed.names.empty()) continue;
    for (std::string& field : compared_fields(pair.a->runs[0].record, pair.b->runs[0].record))
      fields.insert(std::move(field));
  }
  const std::vector<std::string> known(fields.begin(), fields.end());
  std::vector<std::string> spellings = known;
  for (const std::string& field : known) spellings.push_back(last_part(field));
  for (const std::string& name : allowed.names) {
    const auto is_meant = [&](const std::string& field) { return AllowedFields{{name}}.holds(field); };
    if (std::any_of(known.begin(), known.end(), is_meant)) continue;
    throw std::invalid_argument(
        fmt::format("[compare] --allow: expected a field of these reports ({}); got '{}'{}",
                    fmt::join(known, ", "), name, did_you_mean(name, spellings)));
  }
}

void correct_for_many(Comparison& comparison) {
  std::vector<MetricComparison*> tested;
  std::vector<double> p;
  for (CellComparison& cell : comparison.cells) {
    for (MetricComparison& metric : cell.metrics) {
      if (!metric.headline || !metric.units) continue;
      tested.push_back(&metric);
      p.push_back(metric.units->p);
    }
  }
  const std::vector<double> adjusted =
      comparison.correction == Correction::holm ? holm(p) : benjamini_hochberg(p);
  for (size_t i = 0; i < tested.size(); ++i) tested[i]->adjusted_p = adjusted[i];
}

}  // namespace

std::string CellComparison::way() const { return variant.empty() ? protocol : protocol + " " + variant; }

bool CellComparison::comparable() const {
  return std::all_of(fields.begin(), fields.end(),
                     [](const FieldDifference& field) { return field.allowed; });
}

std::vector<CellPair> pair_cells(const Side& a, const Side& b) {
  if (a.cells.size() == 1 && b.cells.size() == 1) return {{&a.cells[0], &b.cells[0]}};
  const std::map<std::string, std::string> encoders = paired_encoders(a, b);
  std::vector<CellPair> pairs;
  std::set<std::string> seen_in_b;
  for (const ReportCell& cell : a.cells) {
    if (&cell != cells_of(a, cell.encoder).front()) continue;  // once a row
    const auto found = encoders.find(cell.encoder);
    const Cells theirs = found == encoders.end() ? Cells() : cells_of(b, found->second);
    if (found != encoders.end()) seen_in_b.insert(found->second);
    pair_rows(cells_of(a, cell.encoder), theirs, pairs);
  }
  for (const ReportCell& cell : b.cells) {
    if (!seen_in_b.contains(cell.encoder)) pairs.push_back({nullptr, &cell});
  }
  return pairs;
}

Comparison compare_sides(
    const Side& a, const Side& b, const CompareOptions& options,
    const std::function<void(const CellComparison&, const ReportCell&, const ReportCell&)>& visit) {
  Comparison comparison{a.name, b.name, {}, {}, std::nullopt, options.correction};
  const std::vector<CellPair> pairs = pair_cells(a, b);
  check_allowed(options.allowed, pairs);
  for (const CellPair& pair : pairs) {
    if (pair.a == nullptr || pair.b == nullptr) {
      const ReportCell& cell = pair.a != nullptr ? *pair.a : *pair.b;
      comparison.missing.push_back({cell.encoder, cell.dataset, cell.protocol, pair.a != nullptr});
      continue;
    }
    ReportCell left = *pair.a, right = *pair.b;
    CellComparison cell{
        left.encoder, right.encoder, left.dataset, left.protocol, left.fingerprint, left.variant, {}, {}, {}};
    const Record &first = left.runs[0].record, &second = right.runs[0].record;
    cell.fields = field_differences(first, second, options.allowed);
    cell.notes = notable_differences(first, second);
    if (cell.comparable()) {
      compare_metrics(left, right, cell);
      if (visit) visit(cell, left, right);
    }
    comparison.cells.push_back(std::move(cell));
  }
  correct_for_many(comparison);
  comparison.average = average_difference(comparison, a, b);
  return comparison;
}

}  // namespace repbench
