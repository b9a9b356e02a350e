#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "protocols/solvers/logistic.h"
#include "protocols/solvers/rotated_features.h"

namespace repbench {

/// P logistic problems of one shape, N examples, r principal axes and K classes that have examples, side by
/// side, so that a batched matrix product serves all.
struct LogisticStack {
  std::vector<RotatedFeatures> rotations;  // P; without their rows, which are these:
  at::Tensor rows;                         // [P, N, r + 1] float64
  at::Tensor float_rows;                   // the same in float32 if the features were; else undefined
  at::Tensor labels;                       // [P, N] int64, numbers among the present classes
  at::Tensor variance;                     // [P, r]
  std::vector<at::Tensor> present;         // P times the K classes that have examples
  std::vector<std::vector<double>> C;      // P times ascending and distinct
  int64_t classes = 0;                     // K

  int64_t problems() const { return rows.size(0); }
  int64_t examples() const { return rows.size(1); }
  int64_t parameters() const { return classes * rows.size(2); }
};

/// One problem at one C: what L-BFGS has a row for.
struct LogisticMember {
  int64_t problem;
  double C;
};

/// Which problems go through the solver together: lists of positions, of equal shapes and as many as a cache
/// holds; the most work first.
std::vector<std::vector<int64_t>> problems_of_one_shape(std::span<const LogisticProblem> problems,
                                                        int64_t history);

/// The chosen problems, rotated and stacked.
LogisticStack stack_problems(std::span<const LogisticProblem> problems, const std::vector<int64_t>& chosen);

}  // namespace repbench
