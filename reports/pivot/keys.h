#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/compare/sides.h"
#include "reports/record.h"

// What rows and columns of a pivot are made of.

namespace repbench {

/// One number of one report.
struct Observation {
  const Run* run = nullptr;
  const Metric* metric = nullptr;
};

/// As tables write it, "—" where the report lacks it. Keys: `encoder` (its label), `dataset`, `protocol`,
/// `metric`, `seed`; `setting.KEY` of the protocol as it was asked for, `dataset.KEY` of the data set, and
/// any other dotted key of the pretraining options ("mae.mask_ratio"; "config.dataset" for the pretraining
/// data).
std::string key_value(const Observation& observation, std::string_view key);

/// Throws std::invalid_argument naming the nearest key where none of the observations has this one.
void check_key(const std::vector<Observation>& observations, const std::string& key);

/// What a heading calls the key: "mask_ratio" for "mae.mask_ratio".
std::string key_name(const std::string& key, const std::vector<std::string>& keys);

/// Is the value a name that needs no "KEY=" before it?
bool names_itself(std::string_view key);

}  // namespace repbench
