#pragma once

#include <string>
#include <vector>

namespace repbench {

/// One axis of a figure: the range it shows and where its ticks are.
struct Scale {
  double low = 0, high = 1;
  std::vector<double> ticks;
  std::vector<std::string> labels;  // one a tick

  double share(double value) const { return (value - low) / (high - low); }
};

/// Ticks in steps of 1, 2 or 5 times a power of ten, about `wanted` of them, within a range a little wider
/// than the data; a range without negative values does not get a negative end.
Scale numeric_scale(double low, double high, int wanted);

/// Values 0, 1, ... at equal distances under these labels.
Scale category_scale(const std::vector<std::string>& labels);

/// Places log2(x) under the labels x, for ascending positive values.
Scale logarithmic_scale(const std::vector<double>& values);

}  // namespace repbench
