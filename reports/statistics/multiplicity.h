#pragma once

#include <span>
#include <vector>

namespace repbench {

// p values adjusted for being many, in the order given; below alpha where the procedure rejects at alpha.
// Both throw std::invalid_argument for a p that is not in [0, 1].

/// Holm (1979): controls the chance of any false rejection, however the tests depend on each other.
std::vector<double> holm(std::span<const double> p);

/// Benjamini and Hochberg (1995): controls the expected share of false ones among the rejections.
std::vector<double> benjamini_hochberg(std::span<const double> p);

}  // namespace repbench
