#include "reports/compare/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>

#include "files/nearest.h"
#include "reports/compare/gate_rows.h"

namespace repbench {
namespace {

/// A name that is in no report would gate nothing, or loosen nothing, unnoticed.
void check_names(const GatePolicy& policy, const Side& baseline, const Side& candidate) {
  std::set<std::string> metrics, keys, datasets, protocols;
  for (const Side* side : {&baseline, &candidate}) {
    for (const ReportCell& cell : side->cells) {
      for (const Metric& metric : cell.runs[0].record.metrics) {
        datasets.insert(cell.dataset);
        protocols.insert(cell.protocol);
        const std::string place = cell.dataset + "/" + cell.protocol;
        metrics.insert(metric.name);
        keys.insert({metric.name, place, place + "/" + metric.name});
      }
    }
  }
  const auto refuse = [&](const std::string& key, const std::string& wanted, const std::string& name,
                          const std::set<std::string>& known) {
    const std::vector<std::string> names(known.begin(), known.end());
    throw std::invalid_argument(fmt::format("{}: expected {} of these reports at {}; got '{}'{}",
                                            where(policy), wanted, key, name, did_you_mean(name, names)));
  };
  for (size_t i = 0; i < policy.metrics.size(); ++i) {
    if (!metrics.contains(policy.metrics[i]))
      refuse(fmt::format("metrics[{}]", i), "a metric", policy.metrics[i], metrics);
  }
  for (const SlicePolicy& slice : policy.slices) {
    if (slice.dataset != "*" && !datasets.contains(slice.dataset))
      refuse(slice.key + ".dataset", "a data set", slice.dataset, datasets);
    if (slice.protocol != "*" && !protocols.contains(slice.protocol))
      refuse(slice.key + ".protocol", "a protocol", slice.protocol, protocols);
  }
  for (const auto& [key, margin] : policy.margins) {
    if (!keys.contains(key)) refuse("margins", "a metric, dataset/protocol or all three", key, keys);
  }
}

/// One number cannot be a margin of shares and of seconds.
void check_margins(const GatePolicy& policy, const GateRows& rows) {
  std::map<std::string, std::string> unit_of_key;
  const auto check = [&](const GateRow& row) {
    if (row.margin_key.empty() || row.metric.name.empty()) return;
    const std::string& unit = row.metric.unit;
    const auto [known, fresh] = unit_of_key.emplace(row.margin_key, unit);
    if (!fresh && known->second != unit) {
      throw std::invalid_argument(
          fmt::format("{}: expected metrics of one unit for {}; got '{}' and '{}' (empty: a share)",
                      where(policy), row.margin_key, known->second, unit));
    }
    if (unit.empty() && row.margin >= 0.5) {
      throw std::invalid_argument(
          fmt::format("{}: expected a margin below 0.5 at {}, as a share (half a point is 0.005); got {}",
                      where(policy), row.margin_key, row.margin));
    }
  };
  for (const GateRow& row : rows.whole) check(row);
  for (const auto& slice : rows.slices) std::for_each(slice.begin(), slice.end(), check);
}

GateFamily judged(GateRule rule, std::string slice, double alpha, std::vector<GateRow> rows) {
  std::vector<Judged> family;
  std::vector<size_t> open;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!is_open(rows[i])) continue;
    family.push_back({rows[i].metric, rows[i].margin});
    open.push_back(i);
  }
  const std::vector<Judgement> judgements = judge(rule, alpha, family);
  for (size_t k = 0; k < open.size(); ++k) rows[open[k]].judgement = judgements[k];
  return {std::move(slice), alpha, std::move(rows)};
}

}  // namespace

bool GateRow::is_marked() const {
  return !fields.empty() && judgement.verdict != Verdict::not_comparable &&
         std::any_of(fields.begin(), fields.end(),
                     [](const FieldDifference& field) { return field.allowed; });
}

GateResult gate(const Side& baseline, const Side& candidate, const GatePolicy& policy) {
  check_names(policy, baseline, candidate);
  GateRows rows(baseline, candidate, policy);
  check_margins(policy, rows);
  GateResult result{baseline.name, candidate.name, policy, {}, {}, {}, {}};
  result.whole = judged(policy.rule, "", policy.alpha, std::move(rows.whole));
  for (size_t i = 0; i < policy.slices.size(); ++i) {
    const SlicePolicy& slice = policy.slices[i];
    result.slices.push_back(
        judged(policy.rule, slice.name, slice.alpha.value_or(policy.alpha), std::move(rows.slices[i])));
  }
  result.shown = std::move(rows.shown);
  result.added = std::move(rows.added);
  return result;
}

size_t count(const GateResult& result, Verdict verdict) {
  const auto in = [verdict](const GateFamily& family) {
    return static_cast<size_t>(
        std::count_if(family.rows.begin(), family.rows.end(),
                      [verdict](const GateRow& row) { return row.judgement.verdict == verdict; }));
  };
  size_t total = in(result.whole);
  for (const GateFamily& slice : result.slices) total += in(slice);
  return total;
}

int exit_code(const GateResult& result) {
  constexpr int kNo = 1, kNoVerdict = 3;
  if (count(result, Verdict::regression) > 0) return kNo;
  for (const Verdict open : {Verdict::inconclusive, Verdict::not_comparable, Verdict::missing}) {
    if (count(result, open) > 0) return kNoVerdict;
  }
  return result.whole.rows.empty() ? kNoVerdict : 0;
}

}  // namespace repbench
