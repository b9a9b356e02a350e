#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "reports/picture.h"

// Values as colours: attention maps, matrices of similarities.

namespace repbench {

/// Dark violet (0) over red to pale yellow (1), ever lighter, so that it also reads in grey.
std::array<uint8_t, 3> heat_colour(double share);

/// One pixel of a value's colour: a cell of a matrix.
Pixels heat_cell(double share);

/// The picture in grey under the colours of a grid of rows x columns values, which is stretched over it
/// bilinearly: the lowest value is dark, the highest light. Throws std::invalid_argument if the number of
/// values differs.
Pixels heat_over(const Pixels& picture, std::span<const float> values, int rows, int columns);

}  // namespace repbench
