#pragma once

#include <map>
#include <string>
#include <vector>

#include "reports/compare/gate.h"

namespace repbench {

/// What two sides have to be gated, not judged yet. Rows whose verdict needs no test have it.
class GateRows {
 public:
  GateRows(const Side& baseline, const Side& candidate, const GatePolicy& policy);

  std::vector<GateRow> whole;
  std::vector<std::vector<GateRow>> slices;  // as policy.slices
  std::vector<GateRow> shown, added;

 private:
  void add_compared(const CellComparison& cell, const ReportCell& a, const ReportCell& b);
  void add_classes(const CellComparison& cell, const ReportCell& a, const ReportCell& b);
  void add_undecided(const ReportCell& a, const ReportCell* b, const CellComparison* cell);
  void add_new(const ReportCell& b, const ReportCell* a);
  void fill_slices();

  GateRow row_of(const ReportCell& cell, const std::string& metric) const;
  bool is_gated(const Metric& metric) const;
  std::vector<std::string> gated_names(const ReportCell& cell) const;

  const GatePolicy& policy_;
};

/// Is the verdict a matter of a test, still to be made?
bool is_open(const GateRow& row);

}  // namespace repbench
