#pragma once

#include <span>
#include <string>
#include <string_view>

namespace repbench {

/// " (did you mean 'NEAREST'?)", or nothing where no known name is near.
std::string did_you_mean(std::string_view name, std::span<const std::string> known);

/// Throws std::invalid_argument "[WHERE] expected WHAT: a, b, c; got 'NAME' (did you mean 'a'?)".
[[noreturn]] void fail_unknown_name(std::string_view where, std::string_view what, std::string_view name,
                                    std::span<const std::string> known);

}  // namespace repbench
