#include "protocols/solvers/logistic.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/files/error_message.h"
#include "tests/protocols/golden_solution.h"

namespace repbench {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Overlapping classes; features off centre and of unequal scale.
LogisticProblem blobs(int64_t n, int64_t d, int64_t classes, std::vector<double> C, uint64_t seed = 0) {
  at::Generator generator = at::detail::createCPUGenerator(seed);
  const at::TensorOptions options = at::kDouble;
  const at::Tensor labels = at::arange(n, at::kLong).remainder(classes);
  const at::Tensor means = at::randn({classes, d}, generator, options) * 0.7;
  const at::Tensor noise = at::randn({n, d}, generator, options);
  const at::Tensor scale = at::logspace(-1, 0.5, d, 10.0, options);
  return {(means.index({labels}) + noise) * scale + 0.3, labels, classes, std::move(C)};
}

/// The objective as the header states it, written without the solver.
double objective(const LogisticProblem& problem, double C, const at::Tensor& weight, const at::Tensor& bias) {
  const at::Tensor scores = at::mm(problem.features.to(at::kDouble), weight.t()) + bias;
  const at::Tensor own = scores.gather(1, problem.labels.unsqueeze(1)).squeeze(1);
  return C * (at::logsumexp(scores, 1) - own).sum().item<double>() +
         0.5 * weight.square().sum().item<double>();
}

LogisticOptions tight() {
  LogisticOptions options;
  options.tolerance = 1e-10;
  return options;
}

TEST(Logistic, EqualsScikitLearn) {
  const GoldenSolutions golden;
  const LogisticProblem problem{golden.at("x"), golden.at("y"), 5, golden.values("C")};
  const LogisticSolution solution = solve_logistic(problem, tight());
  for (size_t i = 0; i < problem.C.size(); ++i) {
    const int64_t row = static_cast<int64_t>(i);
    EXPECT_TRUE(solution.converged[i]) << problem.C[i];
    EXPECT_LT(largest_difference(solution.weight[row], golden.at("coef." + std::to_string(i))), 1e-5);
    EXPECT_LT(largest_difference(solution.bias[row], golden.at("intercept." + std::to_string(i))), 1e-5);
  }
}

TEST(Logistic, TheObjectiveIsWithinATenThousandthOfScikitLearnsAtEveryC) {
  const GoldenSolutions golden;
  const std::vector<double> C = golden.values("path.C");
  for (const std::string part : {"", "separable."}) {
    for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
      const at::Tensor x = golden.at(part + "x").to(dtype), y = golden.at(part + "y");
      const LogisticSolution solution = solve_logistic({x, y, part.empty() ? 5 : 4, C});
      const std::vector<double> best = golden.values(part.empty() ? "path.objective" : part + "objective");
      for (size_t i = 0; i < C.size(); ++i) {
        EXPECT_TRUE(solution.converged[i]) << part << C[i];
        EXPECT_NEAR(solution.objective[i] / best[i], 1, 1e-5) << part << C[i];
      }
    }
  }
}

TEST(Logistic, FiniteDifferencesOfTheObjectiveVanishAtTheSolution) {
  const LogisticProblem problem = blobs(300, 7, 4, {0.01, 10});
  const LogisticSolution solution = solve_logistic(problem, tight());
  for (int64_t i = 0; i < 2; ++i) {
    const double C = problem.C[i], scale = C * 300, h = 1e-4;
    at::Tensor weight = solution.weight[i].clone(), bias = solution.bias[i].clone();
    for (at::Tensor part : {weight, bias}) {
      double* values = part.data_ptr<double>();
      for (int64_t j = 0; j < part.numel(); ++j) {
        const double value = values[j];
        values[j] = value + h;
        const double up = objective(problem, C, weight, bias);
        values[j] = value - h;
        const double down = objective(problem, C, weight, bias);
        values[j] = value;
        EXPECT_NEAR((up - down) / (2 * h) / scale, 0, 1e-7) << "C " << C << ", parameter " << j;
      }
    }
  }
}

TEST(Logistic, ReportsTheObjectiveAndGradientOfItsSolution) {
  const LogisticProblem problem = blobs(400, 12, 3, {1e-3, 1, 1e3});
  const LogisticSolution solution = solve_logistic(problem);
  for (int64_t i = 0; i < 3; ++i) {
    const double expected = objective(problem, problem.C[i], solution.weight[i], solution.bias[i]);
    EXPECT_NEAR(solution.objective[i] / expected, 1, 1e-10);
    EXPECT_LE(solution.gradient_norm[i], LogisticOptions().tolerance);
    EXPECT_NEAR(solution.bias[i].sum().item<double>(), 0, 1e-9);
  }
  const at::Tensor p = at::softmax(logistic_scores(solution, problem.features)[1], 1);
  const at::Tensor residual = p - at::one_hot(problem.labels, 3).to(at::kDouble);
  const at::Tensor gradient = (at::mm(residual.t(), problem.features) + solution.weight[1]) / 400;
  EXPECT_NEAR(std::max(gradient.abs().max().item<double>(), residual.mean(0).abs().max().item<double>()),
              solution.gradient_norm[1], 1e-12);
}

TEST(Logistic, AllValuesOfCTogetherEqualEachAlone) {
  const std::vector<double> values{1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000};
  LogisticProblem problem = blobs(500, 10, 5, values);
  const LogisticSolution together = solve_logistic(problem, tight());
  for (size_t i = 0; i < values.size(); ++i) {
    problem.C = {values[i]};
    const LogisticSolution alone = solve_logistic(problem, tight());
    const double size = alone.weight.abs().max().item<double>();
    EXPECT_LT(largest_difference(together.weight[static_cast<int64_t>(i)], alone.weight[0]), 1e-4 * size)
        << values[i];
    EXPECT_NEAR(together.objective[i] / alone.objective[0], 1, 1e-9);
  }
}

TEST(Logistic, TheOrderOfCDoesNotMatterAndARepeatedOneIsAnsweredTwice) {
  LogisticProblem problem = blobs(200, 6, 3, {10, 0.01, 1, 0.01});
  const LogisticSolution mixed = solve_logistic(problem);
  problem.C = {0.01, 1, 10};
  const LogisticSolution sorted = solve_logistic(problem);
  EXPECT_TRUE(at::equal(mixed.weight, sorted.weight.index_select(0, at::tensor({2, 0, 1, 0}, at::kLong))));
  EXPECT_EQ(mixed.objective[1], mixed.objective[3]);
}

TEST(Logistic, TwoRunsGiveTheSameBits) {
  LogisticProblem problem = blobs(300, 20, 4, {0.1, 100});
  problem.features = problem.features.to(at::kFloat);
  EXPECT_TRUE(at::equal(solve_logistic(problem).weight, solve_logistic(problem).weight));
}

TEST(Logistic, Float32FeaturesReachTheOptimumToAMillionth) {
  LogisticProblem problem = blobs(1000, 32, 10, {1e-4, 1e-2, 1, 100, 1e4});
  problem.features = problem.features.to(at::kFloat);
  const LogisticSolution fast = solve_logistic(problem);
  problem.features = problem.features.to(at::kDouble);
  LogisticOptions strict = tight();
  strict.gap = 1e-12;
  strict.max_iterations = 10000;
  const LogisticSolution optimum = solve_logistic(problem, strict);
  for (size_t i = 0; i < problem.C.size(); ++i) {
    EXPECT_TRUE(fast.converged[i]);
    EXPECT_LT(fast.objective[i] / optimum.objective[i] - 1, 1e-6) << problem.C[i];
    EXPECT_GT(fast.objective[i] / optimum.objective[i] - 1, -1e-10) << problem.C[i];
  }
}

TEST(Logistic, ManyMoreDimensionsThanExamplesIsSolvedInTheirSpan) {
  const LogisticProblem problem = blobs(30, 200, 3, {1e-3, 1});
  const LogisticSolution solution = solve_logistic(problem, tight());
  for (int64_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(solution.converged[i]);
    const at::Tensor scores = at::mm(problem.features, solution.weight[i].t()) + solution.bias[i];
    const at::Tensor residual = at::softmax(scores, 1) - at::one_hot(problem.labels, 3).to(at::kDouble);
    const at::Tensor gradient =
        at::mm(residual.t(), problem.features) / 30 + solution.weight[i] / (30 * problem.C[i]);
    EXPECT_LT(gradient.abs().max().item<double>(), 1e-9);
  }
}

TEST(Logistic, ScaledFeaturesConvergeToo) {
  for (const double scale : {1e-4, 1e4}) {
    LogisticProblem problem = blobs(300, 8, 3, {1 / (scale * scale)});
    const double expected = solve_logistic({problem.features, problem.labels, 3, {1}}, tight()).objective[0];
    problem.features = problem.features * scale;
    const LogisticSolution solution = solve_logistic(problem);
    EXPECT_NEAR(solution.objective[0] * scale * scale / expected, 1, 1e-6) << scale;
  }
}

TEST(Logistic, AClassWithoutExamplesIsNeverPredictedAndChangesNothing) {
  LogisticProblem problem = blobs(120, 5, 3, {1});
  const LogisticSolution without = solve_logistic(problem, tight());
  problem.labels = problem.labels * 2;  // 0, 2, 4 of 5
  problem.classes = 5;
  const LogisticSolution with = solve_logistic(problem, tight());
  EXPECT_TRUE(at::equal(with.weight[0].index_select(0, at::tensor({0, 2, 4}, at::kLong)), without.weight[0]));
  EXPECT_EQ(with.weight[0][1].abs().max().item<double>(), 0);
  EXPECT_EQ(with.bias[0][3].item<double>(), -1e30);
  EXPECT_TRUE(at::isfinite(at::log_softmax(logistic_scores(with, problem.features), 2)).all().item<bool>());
}

TEST(Logistic, OneClassAloneIsCertain) {
  const LogisticProblem problem{at::ones({4, 3}), at::full({4}, 1, at::kLong), 2, {1, 10}};
  const LogisticSolution solution = solve_logistic(problem);
  EXPECT_TRUE(solution.converged[0] && solution.converged[1]);
  EXPECT_EQ(solution.objective[1], 0);
  EXPECT_EQ(logistic_scores(solution, problem.features)[0].argmax(1).sum().item<int64_t>(), 4);
}

TEST(Logistic, ConstantFeaturesLeaveTheClassFrequencies) {
  const at::Tensor labels = at::tensor({0, 0, 0, 1, 1, 2}, at::kLong);
  const LogisticSolution solution =
      solve_logistic({at::full({6, 4}, 2.0, at::kDouble), labels, 3, {1}}, tight());
  EXPECT_LT(solution.weight.abs().max().item<double>(), 1e-9);
  const at::Tensor expected = at::tensor({3.0, 2.0, 1.0}, at::kDouble) / 6;
  EXPECT_LT(largest_difference(at::softmax(solution.bias[0], 0), expected), 1e-8);
}

TEST(Logistic, FewerExamplesThanClassesIsSolved) {
  const LogisticProblem problem{at::eye(3, at::kFloat), at::tensor({7, 2, 5}, at::kLong), 10, {1}};
  const LogisticSolution solution = solve_logistic(problem);
  EXPECT_TRUE(solution.converged[0]);
  EXPECT_TRUE(at::equal(logistic_scores(solution, problem.features)[0].argmax(1), problem.labels));
}

TEST(Logistic, TooFewIterationsAreReportedNotThrown) {
  LogisticOptions options = tight();
  options.max_iterations = 2;
  const LogisticSolution solution = solve_logistic(blobs(200, 6, 3, {100}), options);
  EXPECT_FALSE(solution.converged[0]);
  EXPECT_EQ(solution.iterations[0], 2);
  EXPECT_TRUE(std::isfinite(solution.objective[0]));
}

TEST(Logistic, AnUnreachableToleranceEndsWithoutConvergence) {
  LogisticOptions options;
  options.tolerance = 0;
  const LogisticSolution solution = solve_logistic(blobs(100, 4, 3, {1}), options);
  EXPECT_LT(solution.iterations[0], options.max_iterations);
  EXPECT_LT(solution.gradient_norm[0], 1e-12);
}

TEST(Logistic, BadInputIsRefused) {
  const auto message = [](LogisticProblem problem, LogisticOptions options = {}) {
    return error_message<std::invalid_argument>([&] { solve_logistic(problem, options); });
  };
  const at::Tensor x = at::ones({3, 2}), y = at::tensor({0, 1, 2}, at::kLong);
  EXPECT_EQ(message({x, y, 2, {1}}), "[logistic] expected labels in 0 ... 1; got 0 ... 2");
  EXPECT_EQ(message({x, y - 1, 3, {1}}), "[logistic] expected labels in 0 ... 2; got -1 ... 1");
  EXPECT_EQ(message({x, y.narrow(0, 0, 2), 3, {1}}), "[logistic] expected int64 labels [3]; got Long [2]");
  EXPECT_EQ(message({x * kNaN, y, 3, {1}}), "[logistic] expected finite features; got NaN or infinity");
  EXPECT_EQ(message({x * 1e30, y, 3, {1}}), "[logistic] expected features of at most 1e15; got larger ones");
  EXPECT_EQ(message({x, y, 3, {1, 0}}), "[logistic] expected C > 0 and finite; got 0");
  EXPECT_EQ(message({x, y, 3, {}}), "[logistic] expected at least one value of C; got none");
  EXPECT_EQ(message({x, y, 0, {1}}), "[logistic] expected at least one class; got 0");
  EXPECT_PRED2(contains, message({x.to(at::kHalf), y, 3, {1}}), "got Half [3, 2]");
  EXPECT_PRED2(contains, message({at::empty({0, 2}), y.narrow(0, 0, 0), 3, {1}}),
               "N, D > 0; got Float [0, 2]");
  EXPECT_PRED2(contains, message({{}, y, 3, {1}}), "got nothing");
  LogisticOptions options;
  options.history = 0;
  EXPECT_EQ(message({x, y, 3, {1}}, options), "[logistic] expected history >= 1; got 0");
}

}  // namespace
}  // namespace repbench
