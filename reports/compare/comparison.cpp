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

/// The same data set has one name but for files of features, which are known by their content.
bool is_same_task(const ReportCell& a, const ReportCell& b) {
  const auto hashes = [](const ReportCell& cell) {
    return cell.runs[0].record.dataset.value("hashes", Json());
  };
  return a.protocol == b.protocol && (a.dataset == b.dataset || hashes(a) == hashes(b));
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

/// By encoder.
std::map<std::string, Cells> rows_of_cells(const Side& side) {
  std::map<std::string, Cells> rows;
  for (const ReportCell& cell : side.cells) rows[cell.encoder].push_back(&cell);
  return rows;
}

/// A's headline first, then the others as the reports list them.
std::vector<std::string> wanted_metrics(const ReportCell& a, const ReportCell& b,
                                        const CompareOptions& options) {
  std::vector<std::string> names;
  const auto add = [&](const Metric& metric) {
    const bool known = std::find(names.begin(), names.end(), metric.name) != names.end();
    if (!known && (!options.wanted || options.wanted(metric))) names.push_back(metric.name);
  };
  add(a.runs[0].record.headline());
  for (const ReportCell* cell : {&a, &b}) {
    for (const Metric& metric : cell->runs[0].record.metrics) add(metric);
  }
  return names;
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
  std::map<std::string, Cells> of_a = rows_of_cells(a), of_b = rows_of_cells(b);
  std::vector<CellPair> pairs;
  for (const ReportCell& cell : a.cells) {
    const auto own = of_a.extract(cell.encoder);
    if (own.empty()) continue;  // its row has been paired
    const auto found = encoders.find(cell.encoder);
    const auto theirs = found == encoders.end() ? decltype(of_b)::node_type() : of_b.extract(found->second);
    pair_rows(own.mapped(), theirs.empty() ? Cells() : theirs.mapped(), pairs);
  }
  for (const ReportCell& cell : b.cells) {
    if (of_b.contains(cell.encoder)) pairs.push_back({nullptr, &cell});
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
    if (left.dataset != right.dataset)
      cell.notes.push_back(fmt::format("one data set, called {} and {}", left.dataset, right.dataset));
    if (cell.comparable()) {
      load_outcomes(left);
      load_outcomes(right);
      for (const std::string& name : wanted_metrics(left, right, options))
        cell.metrics.push_back(compare_metric(name, left, right));
      if (visit) visit(cell, left, right);
    }
    comparison.cells.push_back(std::move(cell));
  }
  correct_for_many(comparison);
  comparison.average = average_difference(comparison, a, b);
  return comparison;
}

}  // namespace repbench
