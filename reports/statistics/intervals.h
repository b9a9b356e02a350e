#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "reports/record.h"

namespace repbench {

/// Wilson's score interval for k of n (95 %): inside [0, 1] also at k = 0 and k = n.
Interval wilson_interval(int64_t successes, int64_t n);

/// The t that a Student variable stays below with this probability, e.g. 12.706 for 0.975 and 1 degree of
/// freedom. `probability` in (0, 1), `degrees_of_freedom` >= 1.
double student_t_quantile(double probability, int64_t degrees_of_freedom);

/// P(T > t) of a Student variable. `degrees_of_freedom` > 0, need not be whole.
double student_t_tail(double t, double degrees_of_freedom);

double binomial_standard_error(int64_t successes, int64_t n);

struct MeanAndDeviation {
  double mean = 0;
  double standard_deviation = 0;  // sample (n - 1); 0 for n = 1
  Interval interval;              // Student's t, 95 %; the mean twice for n = 1
  int64_t n = 0;
};
MeanAndDeviation mean_and_deviation(std::span<const double> values);

double quantile(std::vector<double> values, double q);  // linear interpolation, q in [0, 1]

}  // namespace repbench
