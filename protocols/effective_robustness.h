#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace repbench {

/// What accuracy under a shift is usual for an accuracy without (Taori et al. 2020, section 2): over
/// reference models, logit(shifted) = slope * logit(standard) + intercept by least squares, logit(p) = log(p
/// / (1 - p)). Effective robustness is accuracy under the shift less what the line says at the model's
/// standard accuracy.
struct ReferenceLine {
  double slope = 0, intercept = 0;
  int64_t models = 0;
  std::string source;

  /// The usual accuracy under the shift; at 0 and 1 the limit.
  double at(double standard_accuracy) const;
};

/// From {"source": TEXT, "points": [{"name": TEXT, "standard": SHARE, "shifted": SHARE}, ...]}, shares inside
/// (0, 1). Throws std::invalid_argument "[robustness] FILE: expected ...; got ..." for fewer than 3 models
/// and for models of one standard accuracy.
ReferenceLine read_reference_line(const std::filesystem::path& file);

}  // namespace repbench
