#pragma once

namespace repbench {

/// One member's line search: Armijo's rule and weak curvature, steps by safeguarded cubic interpolation.
/// Near the optimum, where differences of the value drown in rounding, Armijo's rule is judged by slopes
/// (Hager and Zhang's approximate Wolfe conditions).
class LineSearch {
 public:
  /// value and slope (< 0) at step 0; noise: the rounding error of a value, relative.
  LineSearch(double value, double slope, double noise);

  double step() const { return step_; }
  int trials() const { return trials_; }

  /// Judges the trial at step(): true if it is acceptable, else step() is the next trial.
  bool accept(double value, double slope);

 private:
  struct Sample {
    double step, value, slope;
  };
  bool low_enough(double value, double slope) const;
  void choose_next();

  Sample start_, low_, high_;
  double noise_;
  double step_ = 1;
  int trials_ = 0;
  bool bracketed_ = false;
};

}  // namespace repbench
