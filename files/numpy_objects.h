#pragma once

#include <optional>
#include <string>

#include "files/notes.h"
#include "files/numpy_array.h"
#include "files/pickle.h"

// Numpy's arrays and scalars as they are pickled.

namespace repbench {

/// Is it an array of numbers or texts? (Arrays of objects are not.)
bool is_numpy_array(const PickleValue& value);

/// Throws std::runtime_error naming WHAT if its parts do not fit each other.
NumpyArray numpy_array_of(TensorSource& source, Notes& notes, const PickleValue& value,
                          const std::string& what);

/// The number or text of a numpy scalar; nothing for everything else.
std::optional<Json> numpy_scalar_note(TensorSource& source, Notes& notes, const PickleValue& value);

}  // namespace repbench
