#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/images/colour.h"
#include "datasets/images/resize.h"

namespace repbench {

constexpr int kLargestSide = 1 << 14;

/// The parts of a view's specification "kind:part:part"; part 0 is the kind. Views into the given text.
/// Bad parts throw std::invalid_argument naming the specification.
class ViewParts {
 public:
  explicit ViewParts(std::string_view specification);

  /// Without its version.
  std::string_view kind() const { return parts_.front(); }

  /// Takes the version that there is: refuses another one that was asked for ("kind@2"). `label` then is how
  /// the kind is written in a resolved specification: with its version unless that is 1.
  void take_version(int version);
  const std::string& label() const { return label_; }

  size_t count() const { return parts_.size() - 1; }
  bool has(size_t index) const { return index < parts_.size(); }

  int integer(size_t index, std::string_view what, int low, int high) const;
  double real(size_t index, std::string_view what, double low, double high) const;
  int side(size_t index, std::string_view what) const { return integer(index, what, 1, kLargestSide); }
  Interpolation interpolation(size_t index) const;  // bicubic where the part is missing
  Colour colour(size_t index) const;                // R,G,B

  /// One of `words`; its place.
  size_t choice(size_t index, std::string_view what, std::span<const std::string> words) const;

  std::string_view text(size_t index) const { return parts_.at(index); }

  [[noreturn]] void fail(std::string_view expected, std::string_view got) const;

 private:
  template <typename Number>
  Number number(size_t index, std::string_view what, Number low, Number high) const;

  std::string_view text_;
  std::vector<std::string_view> parts_;
  int version_ = 0;  // 0: not asked for
  std::string label_;
};

}  // namespace repbench
