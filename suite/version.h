#pragma once

#include <string_view>

namespace repbench {

/// The commit that this program was built from ("" outside a repository), and whether the tree had changes.
std::string_view build_commit();
bool build_dirty();
std::string_view version();

}  // namespace repbench
