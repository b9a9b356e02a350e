#pragma once

#include <map>
#include <string>
#include <vector>

#include "reports/record.h"

// Which options of pretraining tell records apart.

namespace repbench {

/// checkpoint.config with dotted keys: {"objective.mask_ratio": 0.75, ...}. Lists stay one value.
std::map<std::string, Json> flat(const Json& nested);

/// The seed of pretraining as text, "" if the configuration names none.
std::string seed_of(const Record& record);

/// The configuration without its seeds and what they draw, as canonical JSON: equal for the repetitions of
/// one setting.
std::string setting_of(const Record& record);

/// The options whose values differ between these records, seeds aside: numeric ones with most values first.
/// An option that follows from the ones before it (a path, a derived size) is left out.
std::vector<std::string> varying_options(const std::vector<const Record*>& records);

/// "0.75", "random", "true", "[4, 4]": how tables write an option's value.
std::string value_text(const Json& value);

/// value_text of the option; "—" where the configuration lacks the key.
std::string option_text(const Record& record, const std::string& dotted_key);

/// "mask_ratio" for "objective.mask_ratio": as much of the key's end as tells it from the other axes.
std::string short_name(const std::string& dotted_key, const std::vector<std::string>& axes);

}  // namespace repbench
