#include "protocols/solvers/one_vs_rest.h"

#include <ATen/ATen.h>
#include <linear.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <future>
#include <memory>
#include <string>

#include "protocols/solvers/checks.h"

namespace repbench {
namespace {

constexpr double kDecided = 1e30;  // fits float32 too
constexpr int kMaxRounds = 12;

void check(const OneVsRestProblem& problem, const OneVsRestOptions& options) {
  check_features("one_vs_rest", problem.features);
  check_squares("one_vs_rest", problem.features);
  const at::Tensor& targets = problem.targets;
  const int64_t n = problem.features.size(0);
  const bool shaped = targets.defined() && targets.dim() == 2 && targets.size(0) == n && targets.size(1) > 0;
  if (!shaped || targets.scalar_type() != at::kBool) {
    refuse("one_vs_rest", "bool targets [" + std::to_string(n) + ", K] with K > 0", describe(targets));
  }
  check_positive("one_vs_rest", "C", problem.C);
  check_positive("one_vs_rest", "positive_weight", {problem.positive_weight});
  check_positive("one_vs_rest", "tolerance", {options.tolerance});
  if (options.threads < 1) refuse("one_vs_rest", "threads >= 1", std::to_string(options.threads));
}

/// The features as liblinear reads them, the intercept's constant 1 after the last.
class Nodes {
 public:
  explicit Nodes(const at::Tensor& x) : width_(x.size(1) + 1), nodes_(x.size(0) * (width_ + 1)) {
    const double* value = x.const_data_ptr<double>();
    for (int64_t i = 0; i < x.size(0); ++i) {
      feature_node* row = &nodes_[i * (width_ + 1)];
      rows_.push_back(row);
      for (int64_t j = 0; j + 1 < width_; ++j) row[j] = {static_cast<int>(j + 1), *value++};
      row[width_ - 1] = {static_cast<int>(width_), 1.0};
      row[width_] = {-1, 0};
    }
  }

  int width() const { return static_cast<int>(width_); }
  std::vector<feature_node*> rows() const { return rows_; }

 private:
  int64_t width_;
  std::vector<feature_node> nodes_;
  std::vector<feature_node*> rows_;
};

/// liblinear's solver for one class, from `weight` [D + 1] to `weight`; eps is its -e.
void train_class(const Nodes& nodes, const at::Tensor& positive, const OneVsRestProblem& problem, double C,
                 double eps, double* weight) {
  std::vector<feature_node*> rows = nodes.rows();
  std::vector<double> y, start(weight, weight + nodes.width());
  const bool* is_positive = positive.const_data_ptr<bool>();
  for (size_t i = 0; i < rows.size(); ++i) y.push_back(is_positive[i] ? 1 : -1);
  const ::problem data{static_cast<int>(rows.size()), nodes.width(), y.data(), rows.data(), 1.0};
  std::array<int, 2> label{1, -1};
  std::array<double, 2> factor{problem.positive_weight, 1};
  parameter settings{};
  settings.solver_type = problem.loss == OneVsRestLoss::logistic ? L2R_LR : L2R_L2LOSS_SVC;
  settings.eps = eps;
  settings.C = C;
  settings.nr_weight = 2;
  settings.weight_label = label.data();
  settings.weight = factor.data();
  settings.init_sol = start.data();
  const auto free_it = [](model* trained) { free_and_destroy_model(&trained); };
  const std::unique_ptr<model, decltype(free_it)> trained(train(&data, &settings), free_it);
  // Of the labels +1 and -1 liblinear takes +1 for the positive one, whichever comes first.
  std::copy(trained->w, trained->w + nodes.width(), weight);
}

/// Objective and gradient norm of each class; w [K, D + 1], x [N, D + 1], sign [N, K] of +-1.
struct Judged {
  at::Tensor objective, gradient_norm;  // [K]
};

Judged judge(const at::Tensor& x, const at::Tensor& sign, const at::Tensor& w,
             const OneVsRestProblem& problem, double C) {
  const at::Tensor cost = C * (1 + (problem.positive_weight - 1) * 0.5 * (sign + 1));
  const at::Tensor margin = at::mm(x, w.t()) * sign;
  at::Tensor loss, slope;  // and its derivative by the margin
  if (problem.loss == OneVsRestLoss::logistic) {
    loss = at::softplus(-margin, 1, 1e4);
    slope = -at::sigmoid(-margin);
  } else {
    const at::Tensor short_by = (1 - margin).clamp_min(0);
    loss = short_by.square();
    slope = -2 * short_by;
  }
  const at::Tensor gradient = at::mm((cost * slope * sign).t(), x) + w;
  return {(cost * loss).sum(0) + 0.5 * w.square().sum(1), gradient.norm(2, {1})};
}

class Fit {
 public:
  Fit(const OneVsRestProblem& problem, const OneVsRestOptions& options)
      : problem_(problem), options_(options), nodes_(problem.features.cpu().to(at::kDouble).contiguous()) {
    const at::Tensor x = problem.features.cpu().to(at::kDouble);
    x_ = at::cat({x, at::ones({x.size(0), 1}, x.options())}, 1);
    targets_ = problem.targets.cpu().t().contiguous();
    weight_ = at::zeros({targets_.size(0), x_.size(1)}, x.options());
    const at::Tensor positives = targets_.sum(1);
    for (int64_t k = 0; k < targets_.size(0); ++k) {
      const auto count = positives[k].item<int64_t>();
      if (count > 0 && count < x_.size(0)) open_.push_back(k);
      weight_[k][-1].fill_(count == 0 ? -kDecided : kDecided);
    }
    for (const int64_t k : open_) weight_[k].zero_();
    measure(positives);
  }

  const at::Tensor& weight() const { return weight_; }

  struct Outcome {
    double objective = 0, gap = 0;
  };

  /// All classes at one C, from where they stand.
  Outcome solve(double C) {
    Outcome outcome;
    std::vector<int64_t> pending = open_;
    std::vector<double> eps(static_cast<size_t>(weight_.size(0))), before(eps.size(), -1);
    double share = 0.5;
    for (int round = 0; !pending.empty(); ++round, share /= 3) {
      const Judged judged =
          judge_classes(pending, weight_.index_select(0, at::tensor(pending, at::kLong)), C);
      std::vector<int64_t> rest;
      for (size_t i = 0; i < pending.size(); ++i) {
        const int64_t k = pending[i];
        const double value = judged.objective[static_cast<int64_t>(i)].item<double>(),
                     norm = judged.gradient_norm[static_cast<int64_t>(i)].item<double>();
        const double wanted = std::sqrt(2 * options_.tolerance * value);
        // liblinear leaves a solution as it is when rounding allows no further step.
        const bool stuck = round > 0 && norm == before[k];
        if (norm <= wanted || stuck || round == kMaxRounds) {
          outcome.objective += value;
          outcome.gap += std::min(value, 0.5 * norm * norm);  // no objective is below 0
          continue;
        }
        before[k] = norm;
        eps[k] = share * wanted / (C * unit_norm_[k]);
        rest.push_back(k);
      }
      train_all(rest, eps, C);
      pending = std::move(rest);
    }
    return outcome;
  }

 private:
  Judged judge_classes(const std::vector<int64_t>& classes, const at::Tensor& weight, double C) const {
    const at::Tensor index = at::tensor(classes, at::kLong);
    const at::Tensor sign = targets_.index_select(0, index).t().to(at::kDouble) * 2 - 1;
    return judge(x_, sign, weight, problem_, C);
  }

  /// What liblinear's eps is a share of, at C = 1: the gradient at 0 times the share of the rarer side.
  void measure(const at::Tensor& positives) {
    unit_norm_.assign(static_cast<size_t>(weight_.size(0)), 1);
    if (open_.empty()) return;
    const auto classes = static_cast<int64_t>(open_.size());
    const Judged zero = judge_classes(open_, at::zeros({classes, x_.size(1)}, x_.options()), 1);
    for (int64_t i = 0; i < classes; ++i) {
      const auto count = positives[open_[i]].item<int64_t>(), n = x_.size(0);
      const double rarer = static_cast<double>(std::min(count, n - count)) / static_cast<double>(n);
      unit_norm_[open_[i]] = rarer * zero.gradient_norm[i].item<double>();
    }
  }

  void train_all(const std::vector<int64_t>& classes, const std::vector<double>& eps, double C) {
    std::atomic<size_t> next{0};
    double* weight = weight_.data_ptr<double>();
    const auto work = [&] {
      for (size_t i = next++; i < classes.size(); i = next++) {
        const int64_t k = classes[i];
        train_class(nodes_, targets_[k], problem_, C, eps[k], weight + k * weight_.size(1));
      }
    };
    std::vector<std::future<void>> others;
    const int threads = std::min(options_.threads, static_cast<int>(classes.size()));
    for (int t = 1; t < threads; ++t) {
      others.push_back(std::async(std::launch::async, work));
    }
    work();
    for (std::future<void>& other : others) other.get();
  }

  const OneVsRestProblem& problem_;
  const OneVsRestOptions& options_;
  Nodes nodes_;
  at::Tensor x_;               // [N, D + 1]
  at::Tensor targets_;         // [K, N]
  at::Tensor weight_;          // [K, D + 1], the last column the intercepts
  std::vector<int64_t> open_;  // classes with positives and negatives
  std::vector<double> unit_norm_;
};

}  // namespace

OneVsRestSolution solve_one_vs_rest(const OneVsRestProblem& problem, const OneVsRestOptions& options) {
  check(problem, options);
  set_print_string_function([](const char*) {});
  std::vector<double> C = problem.C;
  std::sort(C.begin(), C.end());
  C.erase(std::unique(C.begin(), C.end()), C.end());
  Fit fit(problem, options);
  std::vector<at::Tensor> weight;
  std::vector<Fit::Outcome> outcome;
  for (const double value : C) {
    outcome.push_back(fit.solve(value));
    weight.push_back(fit.weight().clone());
  }
  OneVsRestSolution solution;
  std::vector<at::Tensor> chosen;
  for (const double value : problem.C) {
    const size_t i = static_cast<size_t>(std::lower_bound(C.begin(), C.end(), value) - C.begin());
    chosen.push_back(weight[i]);
    solution.objective.push_back(outcome[i].objective);
    solution.gap_bound.push_back(outcome[i].gap);
  }
  const at::Tensor all = at::stack(chosen).to(problem.features.device());
  const int64_t d = problem.features.size(1);
  solution.weight = all.narrow(2, 0, d).contiguous();
  solution.bias = all.select(2, d).contiguous();
  return solution;
}

at::Tensor one_vs_rest_scores(const OneVsRestSolution& solution, const at::Tensor& features) {
  const at::Tensor &w = solution.weight, x = features.to(at::kDouble);
  return at::baddbmm(solution.bias.unsqueeze(1), x.expand({w.size(0), x.size(0), x.size(1)}),
                     w.transpose(1, 2));
}

}  // namespace repbench
