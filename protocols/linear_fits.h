#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "protocols/features.h"

namespace repbench {

/// What examples are: one class each, or any number of classes.
struct Truth {
  at::Tensor labels;    // [N] int64; -1 where an example has none or several
  at::Tensor relevant;  // [N, K] bool; undefined where every example has one class
  at::Tensor counted;   // [N, K] bool: false where a class counts neither way; undefined: all count

  bool several() const { return relevant.defined(); }

  /// [N, K] bool: `relevant`, or the labels as such.
  at::Tensor targets(int64_t classes) const;
  Truth rows(const std::vector<int64_t>& rows) const;
};

/// What happens to features before a probe: "none", "standardise" (zero mean and unit deviation by the
/// training rows), or "l2" (each row to length 1).
class FeatureNorm {
 public:
  FeatureNorm(std::string name, const at::Tensor& train);

  at::Tensor apply(const at::Tensor& features) const;

  /// The same scores by weights [K, D] and a bias [K] (float64) on features that are at most brought to
  /// length 1 ("l2"): for a head that is kept.
  void fold_into(at::Tensor& weight, at::Tensor& bias) const;

 private:
  std::string name_;
  Standardiser standardiser_;
};

/// Classifiers with one answer: no learning rate, no epochs.
struct FitSettings {
  std::string classifier = "logistic";  // logistic, ridge, svm, ovr_logistic
  double tolerance = 1e-5;              // logistic: largest gradient entry of the mean objective
  double gap = 1e-4;                    // relative distance from the optimum
  int64_t max_iterations = 1000;        // logistic
  double positive_weight = 1;           // svm, ovr_logistic: of a class's own examples
  int threads = 1;
};

/// One linear classifier a strength: scores = weight x + bias.
struct LinearFits {
  at::Tensor weight;                  // [m, K, D] float64
  at::Tensor bias;                    // [m, K] float64
  std::vector<double> gradient_norm;  // logistic: max |gradient| of the mean objective, m values
  std::vector<bool> converged = {};   // logistic, m values
  std::vector<double> gap_bound;      // what the objective is above its optimum at most, over the objective;
                                      // empty for a closed form

  /// [N, K] float64, of the m-th.
  at::Tensor scores(size_t m, const at::Tensor& features) const;
};

/// Strengths are C, or lambda for ridge.
LinearFits fit_linear(const FitSettings& settings, const at::Tensor& features, const Truth& truth,
                      int64_t classes, const std::vector<double>& strengths);

}  // namespace repbench
