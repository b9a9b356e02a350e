#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace repbench {

/// How well scores put the relevant before the others, class by class. Sorted once; each measure then takes
/// one pass over the rows, with row i counted `counts[i]` times (empty: once each).
///
/// Rows of equal score stand or fall together, as the thresholds of scikit-learn's precision_recall_curve
/// have it: the order of the data set does not matter. Classes are averaged with equal weight.
class Rankings {
 public:
  /// `relevant` of a row is 0 or not; rows of a class below 0 are left out. The lengths must be equal.
  Rankings(std::span<const double> scores, std::span<const double> relevant,
           std::span<const int64_t> classes);

  /// Mean over the classes with relevant rows of sum_t (R_t - R_(t-1)) P_t over falling thresholds t: the
  /// mean precision at the relevant ones, not interpolated. 0 if no class has any.
  double mean_average_precision(std::span<const uint32_t> counts = {}) const;

  /// The same with the mean over recalls 0, 0.1, ..., 1 of the highest precision at such a recall or more
  /// (Everingham et al. 2010, section 4.2: Pascal VOC 2007).
  double mean_average_precision_11_point(std::span<const uint32_t> counts = {}) const;

  /// Mean over the classes that have both of the share of (relevant, other) pairs in the right order, equal
  /// scores counted half. 1/2 if no class has both.
  double roc_auc(std::span<const uint32_t> counts = {}) const;

 private:
  struct Row {
    int64_t of_class;
    double score;
    size_t index;  // in what was given
    bool relevant;
    bool ends_tie;  // the next row has another score or class
  };

  /// Mean over classes of `measure(rows of the class)`, where it is not below 0.
  template <class Measure>
  double mean_over_classes(double without, Measure measure) const;

  std::vector<Row> rows_;     // by class, scores falling
  std::vector<size_t> ends_;  // of each class in rows_
};

}  // namespace repbench
