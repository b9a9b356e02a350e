#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "reports/compare/gate.h"
#include "reports/statistics/normal.h"
#include "reports/statistics/paired.h"
#include "tests/files/scratch_folder.h"
#include "tests/reports/sample_record.h"

namespace repbench {

/// An accuracy as compare_metric tells it of these counts (GateCases.CountsAreComparedAsReportsAre).
inline MetricComparison compared_accuracy(const PairedCounts& counts) {
  const double n = static_cast<double>(counts.n());
  MetricComparison metric;
  metric.name = "accuracy";
  metric.headline = true;
  metric.a = static_cast<double>(counts.both + counts.only_a) / n;
  metric.b = static_cast<double>(counts.both + counts.only_b) / n;
  metric.difference = metric.b - metric.a;
  ErrorLevel level;
  level.method = "exact";
  level.interval = tango_interval(counts);
  level.standard_error = (level.interval.high - level.interval.low) / (2 * normal_quantile(0.975));
  level.p = mcnemar_mid_p(counts.only_a, counts.only_b);
  level.p_loss = mcnemar_mid_p_loss(counts.only_a, counts.only_b);
  level.p_gain = mcnemar_mid_p_loss(counts.only_b, counts.only_a);
  level.n = counts.n();
  metric.units = level;
  return metric;
}

inline std::vector<std::string> digit_names() {
  return {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};
}

/// A report whose pictures of `wrong_class` alone (label i % 10) are wrong, and none where it is -1.
inline Record report_failing_class(int wrong_class, int n = 1000) {
  Outcomes outcomes = sample_outcomes(n, n);
  outcomes.class_names = digit_names();
  int correct = n;
  for (int i = 0; i < n; ++i) {
    if (i % 10 != wrong_class) continue;
    outcomes.tables[0].columns["correct"][static_cast<size_t>(i)] = 0;
    --correct;
  }
  Record record = sample_record("MAE", "knn", correct, n);
  record.outcomes = outcomes;
  return record;
}

/// The folders "baseline" and "candidate" of a scratch folder, a report each place.
class TwoSides {
 public:
  void add_baseline(const Record& record) { add("baseline", record); }
  void add_candidate(const Record& record) { add("candidate", record); }

  std::filesystem::path folder(const std::string& name) const { return folder_ / name; }

  GateResult gated(const GatePolicy& policy = {}) const {
    return gate(read_side(folder_ / "baseline"), read_side(folder_ / "candidate"), policy);
  }

 private:
  void add(const std::string& side, const Record& record) {
    write_record(folder_ / (side + "/" + std::to_string(count_++)), record);
  }

  ScratchFolder folder_;
  int count_ = 0;
};

}  // namespace repbench
