#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/record.h"

namespace repbench {

struct Series {
  std::string name;
  std::vector<double> x, y;
  std::vector<Interval> intervals;    // empty or one a point
  bool level = false;                 // a reference, drawn as a dashed line without marks
  std::optional<size_t> colour = {};  // of the series at this place; else its own
};

/// A dashed vertical line halfway between an x and the one before it: something is different from there on.
struct Mark {
  double x = 0;  // of a series
  std::string title;
  size_t colour = 0;  // of the series at this place
};

/// A line chart with error bars. An axis of powers of two over a factor of eight, or of few values over a
/// factor of fifty, is logarithmic.
struct Figure {
  std::string title;
  std::string x_label, y_label;
  std::vector<std::string>
      x_ticks;  // empty: a numeric axis; else one a distinct x, ascending, at equal distances; where they
                // are too many to be read, words stand below each other and some are left out
  std::vector<Series> series;
  std::vector<Mark> marks = {};
};

/// Self-contained SVG that scales with its container: axes, ticks, legend, error bars; readable in print and
/// on a phone.
std::string to_svg(const Figure& figure);

}  // namespace repbench
