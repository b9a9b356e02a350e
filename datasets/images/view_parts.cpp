#include "datasets/images/view_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace repbench {

ViewParts::ViewParts(std::string_view specification) : text_(specification) {
  for (size_t start = 0; start <= text_.size();) {
    const size_t end = std::min(text_.find(':', start), text_.size());
    parts_.push_back(text_.substr(start, end - start));
    start = end + 1;
  }
}

template <typename Number>
Number ViewParts::number(size_t index, std::string_view what, Number low, Number high) const {
  const std::string_view part = parts_.at(index);
  const char* const last = part.data() + part.size();
  Number value{};
  const auto [end, error] = std::from_chars(part.data(), last, value);
  if (error != std::errc() || end != last || !(value >= low && value <= high)) {
    fail(fmt::format("{} between {} and {}", what, low, high), fmt::format("'{}'", part));
  }
  return value;
}

int ViewParts::integer(size_t index, std::string_view what, int low, int high) const {
  return number<int>(index, what, low, high);
}

double ViewParts::real(size_t index, std::string_view what, double low, double high) const {
  return number<double>(index, what, low, high);
}

Interpolation ViewParts::interpolation(size_t index) const {
  if (!has(index)) return Interpolation::bicubic;
  try {
    return parse_interpolation(parts_[index]);
  } catch (const std::invalid_argument&) {
    fail("nearest, bilinear or bicubic", fmt::format("'{}'", parts_[index]));
  }
}

void ViewParts::fail(std::string_view expected, std::string_view got) const {
  throw std::invalid_argument(fmt::format("[view] {}: expected {}; got {}", text_, expected, got));
}

}  // namespace repbench
