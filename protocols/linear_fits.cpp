#include "protocols/linear_fits.h"

#include <ATen/ATen.h>

#include "protocols/solvers/logistic.h"
#include "protocols/solvers/one_vs_rest.h"
#include "protocols/solvers/ridge.h"
#include "protocols/text_features.h"

namespace repbench {
namespace {

std::vector<double> relative(const std::vector<double>& bounds, const std::vector<double>& objectives) {
  std::vector<double> result;
  for (size_t i = 0; i < bounds.size(); ++i)
    result.push_back(objectives[i] > 0 ? bounds[i] / objectives[i] : 0.0);
  return result;
}

}  // namespace

at::Tensor Truth::targets(int64_t classes) const {
  if (several()) return relevant;
  return labels.unsqueeze(1).eq(at::arange(classes, at::kLong).unsqueeze(0));  // -1: no class
}

Truth Truth::rows(const std::vector<int64_t>& rows) const {
  const auto some = [&](const at::Tensor& all) { return all.defined() ? rows_of(all, rows) : at::Tensor(); };
  return {rows_of(labels, rows), some(relevant), some(counted)};
}

FeatureNorm::FeatureNorm(std::string name, const at::Tensor& train) : name_(std::move(name)) {
  if (name_ == "standardise") standardiser_ = Standardiser::fit(train);
}

at::Tensor FeatureNorm::apply(const at::Tensor& features) const {
  if (name_ == "standardise") return standardiser_.apply(features);
  return name_ == "l2" ? unit_rows(features) : features;
}

void FeatureNorm::fold_into(at::Tensor& weight, at::Tensor& bias) const {
  if (name_ != "standardise") return;
  weight = weight * standardiser_.scale.to(at::kDouble);
  bias = bias - weight.mv(standardiser_.mean.to(at::kDouble));
}

at::Tensor LinearFits::scores(size_t m, const at::Tensor& features) const {
  const auto row = static_cast<int64_t>(m);
  return at::addmm(bias[row], features.to(at::kDouble), weight[row].t());
}

LinearFits fit_linear(const FitSettings& settings, const at::Tensor& features, const Truth& truth,
                      int64_t classes, const std::vector<double>& strengths) {
  if (settings.classifier == "ridge") {
    const RidgeSolution solution = solve_ridge(features, truth.labels, classes, strengths);
    return {solution.weight, solution.bias, {}, {}, {}};
  }
  if (settings.classifier == "logistic") {
    const LogisticSolution solution = solve_logistic(
        {features, truth.labels, classes, strengths},
        {.tolerance = settings.tolerance, .gap = settings.gap, .max_iterations = settings.max_iterations});
    return {solution.weight, solution.bias, solution.gradient_norm, solution.converged,
            relative(solution.gap_bound, solution.objective)};
  }
  const OneVsRestSolution solution = solve_one_vs_rest(
      {features, truth.targets(classes), strengths,
       settings.classifier == "svm" ? OneVsRestLoss::squared_hinge : OneVsRestLoss::logistic,
       settings.positive_weight},
      {.tolerance = settings.gap, .threads = settings.threads});
  return {solution.weight, solution.bias, {}, {}, relative(solution.gap_bound, solution.objective)};
}

}  // namespace repbench
