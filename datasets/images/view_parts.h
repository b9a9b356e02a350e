#pragma once

#include <string_view>
#include <vector>

#include "datasets/images/resize.h"

namespace repbench {

constexpr int kLargestSide = 1 << 14;

/// The parts of a view's specification "kind:part:part"; part 0 is the kind. Views into the given text.
/// Bad parts throw std::invalid_argument naming the specification.
class ViewParts {
 public:
  explicit ViewParts(std::string_view specification);

  std::string_view kind() const { return parts_.front(); }
  size_t count() const { return parts_.size() - 1; }
  bool has(size_t index) const { return index < parts_.size(); }

  int integer(size_t index, std::string_view what, int low, int high) const;
  double real(size_t index, std::string_view what, double low, double high) const;
  int side(size_t index, std::string_view what) const { return integer(index, what, 1, kLargestSide); }
  Interpolation interpolation(size_t index) const;  // bicubic where the part is missing

  [[noreturn]] void fail(std::string_view expected, std::string_view got) const;

 private:
  template <typename Number>
  Number number(size_t index, std::string_view what, Number low, Number high) const;

  std::string_view text_;
  std::vector<std::string_view> parts_;
};

}  // namespace repbench
