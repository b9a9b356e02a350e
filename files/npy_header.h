#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "files/numpy_array.h"

namespace repbench {

/// Reads "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }"; nothing if it is anything else.
std::optional<NumpyLayout> parse_npy_header(std::string_view text);

}  // namespace repbench
