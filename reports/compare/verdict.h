#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reports/compare/metric_comparison.h"
#include "reports/compare/policy.h"

namespace repbench {

enum class Verdict { regression, missing, not_comparable, inconclusive, improvement, pass };  // worst first

/// "not comparable", ...
std::string_view name_of(Verdict verdict);

struct Judgement {
  Verdict verdict = Verdict::inconclusive;
  std::string reason;
  std::optional<double> p_loss, p_gain;  // one-sided, Holm-corrected over the family (detect)
  std::optional<double> smallest_loss;   // that this run would have found, in the metric's unit (detect)
  std::optional<int64_t> needed;         // units for a verdict on equal models (noninferiority)
};

/// A metric with a direction, and the loss of it that is tolerated.
struct Judged {
  MetricComparison metric;
  double margin = 0;
};

/// A verdict each, in order. `family` is corrected as one. By the error over units, else over seeds; without
/// either nothing can be said.
///
/// detect: `regression` where "no loss" is rejected at `alpha` (Holm over the family) and the loss exceeds
/// its margin, `improvement` where "no gain" is, else `pass`, with the loss that the
/// whole rule, margin included, finds with 80 % power; `inconclusive` where so few units could never show a
/// loss.
/// noninferiority: by the 95 % interval of the loss: below the margin `pass` (`improvement` if below 0, too),
/// above it `regression`, else `inconclusive`.
std::vector<Judgement> judge(GateRule rule, double alpha, std::span<const Judged> family);

/// "1.30 points", "0.012 rank": a loss or a margin, in points for shares.
std::string amount_text(double amount, std::string_view unit);

}  // namespace repbench
