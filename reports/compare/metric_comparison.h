#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reports/compare/sides.h"

namespace repbench {

/// The difference B - A with its error on one level: over units of the test set, or over seeds.
struct ErrorLevel {
  std::string method;  // "Tango score interval, exact McNemar mid-p on 10000 pictures", ...
  Interval interval;   // 95 %
  double standard_error = 0;
  double p = 1;                   // two-sided, of no difference
  double p_loss = 1, p_gain = 1;  // one-sided: small where B is worse, where B is better
  double detectable = 0;  // smallest difference seen with 80 % power, two-sided at 5 %; 0: none can be
  double least_p = 0;     // that the one-sided test can give with so few units
  int64_t n = 0;          // units, seeds, draws or timed blocks
};

/// One metric of two cells that may be compared.
struct MetricComparison {
  std::string name, unit;
  Direction direction = Direction::higher_is_better;
  bool headline = false;
  double a = 0, b = 0;               // means over the seeds that were used
  double difference = 0;             // b - a
  std::optional<ErrorLevel> units;   // over the test set's units (or timed blocks); conditional on the seeds
  std::optional<ErrorLevel> seeds;   // over seeds of pretraining, or draws of few-shot; paired t
  std::optional<double> adjusted_p;  // of `units`, over all headlines of a comparison; set by compare()
  std::string not_comparable;        // why, if it is not
  std::vector<std::string> notes;    // saturation, unpaired, seeds left out

  /// Of the better direction: positive where B is worse. 0 for metrics without a direction.
  double loss() const;
};

/// `a` and `b` hold outcomes if their reports have any. `classes`: of the units with these labels alone
/// (empty: all); then only metrics of outcomes can be compared. The runs are paired by seed; one run on each
/// side is paired whatever its seed.
MetricComparison compare_metric(const std::string& name, const ReportCell& a, const ReportCell& b,
                                const std::vector<int64_t>& classes = {});

/// Fills Run::record.outcomes of each run. Throws what read_outcomes throws.
void load_outcomes(ReportCell& cell);

}  // namespace repbench
