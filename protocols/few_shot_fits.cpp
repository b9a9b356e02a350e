#include "protocols/few_shot_fits.h"

#include <ATen/ATen.h>

#include "protocols/linear_fits.h"
#include "protocols/solvers/logistic.h"
#include "protocols/solvers/ridge.h"
#include "protocols/text_features.h"

namespace repbench {
namespace {

at::Tensor unit_length(const at::Tensor& features) { return unit_rows(features.to(at::kDouble)); }

std::vector<ShotScores> fit_logistic(const ShotSettings& settings, std::span<const Support> supports,
                                     const std::vector<double>& strengths, int64_t& unfinished) {
  std::vector<FeatureNorm> norms;
  std::vector<LogisticProblem> problems;
  for (const Support& support : supports) {
    norms.emplace_back(settings.normalisation, support.features);
    problems.push_back({norms.back().apply(support.features), support.labels, settings.classes, strengths});
  }
  const std::vector<LogisticSolution> solutions = solve_logistic(problems);
  std::vector<ShotScores> result;
  for (size_t i = 0; i < supports.size(); ++i) {
    for (const bool converged : solutions[i].converged) unfinished += converged ? 0 : 1;
    result.push_back([norm = norms[i], solution = solutions[i]](size_t m, const at::Tensor& features) {
      const auto row = static_cast<int64_t>(m);
      return at::addmm(solution.bias[row], norm.apply(features).to(at::kDouble), solution.weight[row].t());
    });
  }
  return result;
}

ShotScores fit_ridge(const ShotSettings& settings, const Support& support,
                     const std::vector<double>& strengths) {
  return [support, strengths, classes = settings.classes](size_t m, const at::Tensor& features) {
    return big_vision_ridge_scores(support.features, support.labels, classes, features, strengths[m]);
  };
}

ShotScores fit_nearest_mean(const ShotSettings& settings, const Support& support) {
  const at::Tensor sums =
      at::one_hot(support.labels, settings.classes).to(at::kDouble).t().matmul(unit_length(support.features));
  const at::Tensor means = unit_length(sums);
  return [means](size_t, const at::Tensor& features) { return unit_length(features).matmul(means.t()); };
}

/// All learning rates at once: weights [m, K, D].
ShotScores fit_text_init(const ShotSettings& settings, const Support& support,
                         const std::vector<double>& rates) {
  constexpr double kMomentum = 0.9;
  const auto m = static_cast<int64_t>(rates.size());
  const at::Tensor x = unit_length(support.features),
                   truth = at::one_hot(support.labels, settings.classes).to(at::kDouble);
  const at::Tensor rate = at::tensor(rates, at::kDouble).view({m, 1, 1});
  at::Tensor weight = (settings.scale * settings.class_texts.to(at::kDouble)).unsqueeze(0).repeat({m, 1, 1});
  at::Tensor bias = at::zeros({m, 1, settings.classes}, at::kDouble);
  at::Tensor weight_speed = at::zeros_like(weight), bias_speed = at::zeros_like(bias);
  for (int64_t step = 0; step < settings.text_steps; ++step) {
    const at::Tensor logits = at::matmul(x, weight.transpose(1, 2)) + bias;
    const at::Tensor error = (at::softmax(logits, -1) - truth) / static_cast<double>(x.size(0));
    weight_speed = kMomentum * weight_speed + at::matmul(error.transpose(1, 2), x);
    bias_speed = kMomentum * bias_speed + error.sum(1, /*keepdim=*/true);
    weight = weight - rate * weight_speed;
    bias = bias - rate * bias_speed;
  }
  return [weight, bias](size_t strength, const at::Tensor& features) {
    const auto row = static_cast<int64_t>(strength);
    return at::matmul(unit_length(features), weight[row].t()) + bias[row];
  };
}

}  // namespace

std::vector<ShotScores> fit_shots(const ShotSettings& settings, std::span<const Support> supports,
                                  const std::vector<double>& strengths, int64_t& unfinished) {
  if (settings.classifier == "logistic") return fit_logistic(settings, supports, strengths, unfinished);
  std::vector<ShotScores> result;
  for (const Support& support : supports) {
    result.push_back(settings.classifier == "ridge"       ? fit_ridge(settings, support, strengths)
                     : settings.classifier == "text_init" ? fit_text_init(settings, support, strengths)
                                                          : fit_nearest_mean(settings, support));
  }
  return result;
}

}  // namespace repbench
