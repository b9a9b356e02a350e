#include "datasets/unknown_name.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

#include "files/nearest.h"

namespace repbench {

std::string did_you_mean(std::string_view name, std::span<const std::string> known) {
  const std::string nearest = nearest_name(name, known);
  return nearest.empty() ? "" : fmt::format(" (did you mean '{}'?)", nearest);
}

void fail_unknown_name(std::string_view where, std::string_view what, std::string_view name,
                       std::span<const std::string> known) {
  throw std::invalid_argument(fmt::format("[{}] expected {}: {}; got '{}'{}", where, what,
                                          fmt::join(known, ", "), name, did_you_mean(name, known)));
}

}  // namespace repbench
