#include "reports/statistics/multiplicity.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string_view>

namespace repbench {
namespace {

/// Indices of the p values, the least first.
std::vector<size_t> rising(std::string_view where, std::span<const double> p) {
  for (const double value : p) {
    if (value >= 0 && value <= 1) continue;
    throw std::invalid_argument(fmt::format("[{}] expected p values in [0, 1]; got {}", where, value));
  }
  std::vector<size_t> order(p.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [p](size_t a, size_t b) { return p[a] < p[b]; });
  return order;
}

}  // namespace

std::vector<double> holm(std::span<const double> p) {
  const std::vector<size_t> order = rising("holm", p);
  std::vector<double> adjusted(p.size());
  double largest = 0;
  for (size_t rank = 0; rank < order.size(); ++rank) {
    largest = std::max(largest, p[order[rank]] * static_cast<double>(order.size() - rank));
    adjusted[order[rank]] = std::min(1.0, largest);
  }
  return adjusted;
}

std::vector<double> benjamini_hochberg(std::span<const double> p) {
  const std::vector<size_t> order = rising("benjamini_hochberg", p);
  std::vector<double> adjusted(p.size());
  double least = 1;
  for (size_t rank = order.size(); rank > 0; --rank) {
    const size_t index = order[rank - 1];
    least = std::min(least, p[index] * static_cast<double>(order.size()) / static_cast<double>(rank));
    adjusted[index] = least;
  }
  return adjusted;
}

}  // namespace repbench
