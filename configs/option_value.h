#pragma once

#include <string>
#include <string_view>

#include "configs/options.h"

// How one field's value is read, checked and shown. Used by the Options class only.

namespace repbench {

Json value_of(const Options::Target& target);

/// False, with the target untouched, if the value has another type or is not allowed.
bool assign(const Options::Target& target, const Field& field, const Json& value);

/// "a number in [0, 0.99]", "one of 'fp32', 'bf16'", ...: what `assign` takes.
std::string expectation(const Options::Target& target, const Field& field);

/// "[0, 0.99]", "fp32|bf16", "" if everything is allowed.
std::string allowed_values(const Field& field);

/// A value as typed on a command line. What makes no sense becomes a string that `assign` refuses.
Json value_from_text(const Options::Target& target, std::string_view text);

/// As a person would type it.
std::string display(const Json& value, const Field& field);

}  // namespace repbench
