#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>

namespace repbench {

/// Random numbers for simulations, the same with every standard library.
class Dice {
 public:
  explicit Dice(uint64_t seed) : generator_(seed) {}

  double uniform() { return (static_cast<double>(generator_() >> 11) + 0.5) * 0x1p-53; }  // in (0, 1)
  double normal() {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  std::mt19937_64 generator_;
};

}  // namespace repbench
