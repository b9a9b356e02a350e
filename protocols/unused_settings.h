#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocols/protocol.h"

namespace repbench {

/// A setting without effect would still tell reports apart: one that was changed is refused. `protocol` is
/// set, `plain` has its defaults; `unused` are keys, or groups' names. Throws std::invalid_argument
/// "[WHERE] key 'KEY': expected its default BECAUSE, where it has no effect; got ...".
void refuse_unused(Protocol& protocol, Protocol& plain, const std::vector<std::string>& unused,
                   std::string_view where, std::string_view because);

}  // namespace repbench
