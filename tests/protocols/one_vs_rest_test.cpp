#include "protocols/solvers/one_vs_rest.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/files/error_message.h"
#include "tests/protocols/golden_solution.h"

namespace repbench {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

OneVsRestProblem draw(uint64_t seed, int64_t n, int64_t d, int64_t classes, OneVsRestLoss loss) {
  at::Generator generator = at::detail::createCPUGenerator(seed);
  OneVsRestProblem problem;
  problem.targets = at::rand({n, classes}, generator, at::kDouble) < 0.3;
  const at::Tensor means = at::randn({classes, d}, generator, at::kDouble);
  problem.features =
      at::mm(problem.targets.to(at::kDouble), means) + at::randn({n, d}, generator, at::kDouble);
  problem.C = {1e-6, 1e-3, 1, 1e3, 1e6};
  problem.loss = loss;
  return problem;
}

/// The objective as the header states it, written without the solver; summed over classes.
double objective(const OneVsRestProblem& problem, double C, const at::Tensor& weight,
                 const at::Tensor& bias) {
  const at::Tensor sign = problem.targets.to(at::kDouble) * 2 - 1;
  const at::Tensor u = (at::mm(problem.features.to(at::kDouble), weight.t()) + bias) * sign;
  const at::Tensor loss =
      problem.loss == OneVsRestLoss::logistic ? at::softplus(-u, 1, 1e4) : at::relu(1 - u).square();
  const at::Tensor factor = at::where(sign > 0, problem.positive_weight, 1.0);
  return C * (loss * factor).sum().item<double>() + 0.5 * weight.square().sum().item<double>() +
         0.5 * bias.square().sum().item<double>();
}

constexpr OneVsRestLoss kLosses[] = {OneVsRestLoss::squared_hinge, OneVsRestLoss::logistic};

TEST(OneVsRest, EqualsScikitLearnsLinearSvcAndLogisticRegression) {
  const GoldenSolutions golden("one_vs_rest");
  const std::vector<double> weights = golden.values("weight");
  for (const OneVsRestLoss loss : kLosses) {
    for (size_t j = 0; j < weights.size(); ++j) {
      const OneVsRestProblem problem{golden.at("x"), golden.at("targets").to(at::kBool), golden.values("C"),
                                     loss, weights[j]};
      const OneVsRestSolution solution = solve_one_vs_rest(problem, {.tolerance = 1e-13});
      const at::Tensor scores = one_vs_rest_scores(solution, problem.features);
      for (size_t i = 0; i < problem.C.size(); ++i) {
        const int64_t row = static_cast<int64_t>(i);
        const std::string key = std::string(loss == OneVsRestLoss::logistic ? "logistic" : "squared_hinge") +
                                "." + std::to_string(j) + "." + std::to_string(i) + ".";
        const at::Tensor weight = golden.at(key + "coef"), bias = golden.at(key + "intercept");
        EXPECT_LT(largest_difference(solution.weight[row], weight), 1e-5) << key;
        EXPECT_LT(largest_difference(solution.bias[row], bias), 1e-5) << key;
        const at::Tensor expected = at::mm(problem.features, weight.t()) + bias;
        EXPECT_LT(largest_difference(scores[row], expected), 1e-4) << key;
      }
    }
  }
}

TEST(OneVsRest, TheBoundHoldsAndIsWithinTheTolerance) {
  for (const OneVsRestLoss loss : kLosses) {
    for (const auto& [n, d] : {std::pair{80, 5}, {20, 40}}) {
      OneVsRestProblem problem = draw(3, n, d, 4, loss);
      problem.positive_weight = 2;
      problem.features.select(1, 2).fill_(1);                              // constant
      problem.features.select(1, 3).copy_(problem.features.select(1, 4));  // twice the same
      const OneVsRestSolution best = solve_one_vs_rest(problem, {.tolerance = 1e-13});
      for (const double tolerance : {1e-1, 1e-4}) {
        const OneVsRestSolution solution = solve_one_vs_rest(problem, {.tolerance = tolerance});
        for (size_t i = 0; i < problem.C.size(); ++i) {
          const int64_t row = static_cast<int64_t>(i);
          const double value = objective(problem, problem.C[i], solution.weight[row], solution.bias[row]);
          EXPECT_NEAR(value / solution.objective[i], 1, 1e-9);
          EXPECT_LE(value - best.objective[i], solution.gap_bound[i] + 1e-9 * value) << problem.C[i];
          EXPECT_LE(solution.gap_bound[i], tolerance * value) << n << " x " << d << ", C " << problem.C[i];
        }
      }
    }
  }
}

TEST(OneVsRest, AnyNumberOfThreadsGivesTheSameBits) {
  for (const OneVsRestLoss loss : kLosses) {
    OneVsRestProblem problem = draw(4, 100, 37, 7, loss);
    problem.C = {1e-3, 1, 100};
    const OneVsRestSolution one = solve_one_vs_rest(problem, {.threads = 1});
    for (const int threads : {2, 3, 16}) {
      const OneVsRestSolution several = solve_one_vs_rest(problem, {.threads = threads});
      EXPECT_TRUE(at::equal(one.weight, several.weight)) << threads;
      EXPECT_TRUE(at::equal(one.bias, several.bias)) << threads;
      EXPECT_EQ(one.gap_bound, several.gap_bound) << threads;
    }
  }
}

TEST(OneVsRest, ClassesWithoutPositivesOrNegativesAreDecided) {
  for (const OneVsRestLoss loss : kLosses) {
    OneVsRestProblem problem = draw(5, 30, 4, 3, loss);
    problem.C = {1};
    const OneVsRestSolution without = solve_one_vs_rest(problem);
    const at::Tensor nowhere = at::zeros({30, 1}, at::kBool), everywhere = at::ones({30, 1}, at::kBool);
    problem.targets = at::cat({nowhere, problem.targets, everywhere}, 1);
    const OneVsRestSolution with = solve_one_vs_rest(problem);
    EXPECT_TRUE(at::equal(with.weight[0].narrow(0, 1, 3), without.weight[0]));
    EXPECT_EQ(with.objective, without.objective);
    EXPECT_EQ(with.weight[0][0].abs().max().item<double>() + with.weight[0][4].abs().max().item<double>(), 0);
    EXPECT_EQ(with.bias[0][0].item<double>(), -1e30);
    EXPECT_EQ(with.bias[0][4].item<double>(), 1e30);
  }
}

TEST(OneVsRest, TheOrderOfCDoesNotMatterAndFloat32FeaturesAreTakenExactly) {
  OneVsRestProblem problem = draw(6, 40, 5, 2, OneVsRestLoss::squared_hinge);
  problem.features = problem.features.to(at::kFloat);
  problem.C = {10, 0.01, 1, 0.01};
  const OneVsRestSolution mixed = solve_one_vs_rest(problem);
  problem.C = {0.01, 1, 10};
  problem.features = problem.features.to(at::kDouble);
  const OneVsRestSolution sorted = solve_one_vs_rest(problem);
  EXPECT_TRUE(at::equal(mixed.weight, sorted.weight.index_select(0, at::tensor({2, 0, 1, 0}, at::kLong))));
}

TEST(OneVsRest, PrintsNothing) {
  testing::internal::CaptureStdout();
  solve_one_vs_rest(draw(7, 40, 5, 2, OneVsRestLoss::logistic));
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

TEST(OneVsRest, BadInputIsRefused) {
  const auto message = [](OneVsRestProblem problem, OneVsRestOptions options = {}) {
    return error_message<std::invalid_argument>([&] { solve_one_vs_rest(problem, options); });
  };
  const at::Tensor x = at::ones({3, 2}), t = at::ones({3, 2}, at::kBool);
  EXPECT_EQ(message({x, t.narrow(0, 0, 2), {1}}),
            "[one_vs_rest] expected bool targets [3, K] with K > 0; got Bool [2, 2]");
  EXPECT_PRED2(contains, message({x, t.to(at::kLong), {1}}), "got Long [3, 2]");
  EXPECT_PRED2(contains, message({x, {}, {1}}), "got nothing");
  EXPECT_EQ(message({x * kNaN, t, {1}}), "[one_vs_rest] expected finite features; got NaN or infinity");
  EXPECT_EQ(message({x, t, {0}}), "[one_vs_rest] expected C > 0 and finite; got 0");
  EXPECT_EQ(message({x, t, {}}), "[one_vs_rest] expected at least one value of C; got none");
  EXPECT_EQ(message({x, t, {1}, OneVsRestLoss::logistic, -2}),
            "[one_vs_rest] expected positive_weight > 0 and finite; got -2");
  EXPECT_EQ(message({x, t, {1}}, {.tolerance = 0}), "[one_vs_rest] expected tolerance > 0 and finite; got 0");
  EXPECT_EQ(message({x, t, {1}}, {.threads = 0}), "[one_vs_rest] expected threads >= 1; got 0");
}

}  // namespace
}  // namespace repbench
