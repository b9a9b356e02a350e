#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocols/protocol.h"

// Errors on corrupted pictures in units of another encoder's (Hendrycks and Dietterich 2019, section 4.1).
// With E(s, c) the top-1 error at severity s of corruption c:
//   CE(c)          = sum_s E(s, c) / sum_s E'(s, c)
//   relative CE(c) = sum_s (E(s, c) - E(clean)) / sum_s (E'(s, c) - E'(clean))
//   mCE, relative mCE: their means over corruptions; E' is the baseline's.
// The paper's baseline is AlexNet; here it is what the report says.

namespace repbench {

struct CorruptionAccuracies {
  double clean = 0;
  std::map<std::string, double> by_corruption;  // mean over severities
};

struct CorruptionErrors {
  std::map<std::string, double> by_corruption;  // CE
  double mean = 0;                              // mCE
  std::optional<double> relative_mean;          // none where the baseline loses nothing by some corruption,
  std::string unharmed;                         // which is this
};

/// Of the corruptions in `own`. Throws std::invalid_argument "[robustness] BASELINE: ..." if the baseline
/// lacks one, or errs nowhere on one.
CorruptionErrors corruption_errors(const CorruptionAccuracies& own, const CorruptionAccuracies& baseline,
                                   const std::string& baseline_name);

struct CorruptionBaseline {
  CorruptionAccuracies accuracies;
  Json resolved;  // label and sha256 of the encoder, file
};

/// From a report of the protocol `robustness` on the same test examples at the same severities. Throws
/// std::invalid_argument "[robustness] FILE: ..." if it is another report, and as read_record.
CorruptionBaseline read_corruption_baseline(const std::filesystem::path& report, const Task& task,
                                            const std::vector<int64_t>& severities);

}  // namespace repbench
