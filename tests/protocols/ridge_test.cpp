#include "protocols/solvers/ridge.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/files/error_message.h"
#include "tests/protocols/golden_solution.h"

namespace repbench {
namespace {

at::Tensor targets(const at::Tensor& labels, int64_t classes) {
  return at::one_hot(labels, classes).to(at::kDouble) * 2 - 1;
}

/// Half the gradient by the weights and by the biases, largest entry.
double gradient(const RidgeSolution& solution, int64_t i, const at::Tensor& x, const at::Tensor& labels) {
  const int64_t classes = solution.bias.size(1);
  const at::Tensor residual = ridge_scores(solution, x)[i] - targets(labels, classes);
  const at::Tensor weight = at::mm(residual.t(), x.to(at::kDouble)) + solution.lambda[i] * solution.weight[i];
  return std::max(weight.abs().max().item<double>(), residual.sum(0).abs().max().item<double>());
}

TEST(Ridge, EqualsScikitLearn) {
  const GoldenSolutions golden;
  const RidgeSolution solution = solve_ridge(golden.at("x"), golden.at("y"), 5, golden.values("ridge.alpha"));
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_LT(largest_difference(solution.weight[i], golden.at("ridge.coef." + std::to_string(i))), 1e-10);
    EXPECT_LT(largest_difference(solution.bias[i], golden.at("ridge.intercept." + std::to_string(i))), 1e-10);
  }
}

TEST(Ridge, TheGradientVanishesWithMoreExamplesThanDimensionsAndWithFewer) {
  at::Generator generator = at::detail::createCPUGenerator(1);
  for (const int64_t d : {10, 80}) {
    const at::Tensor x = at::randn({50, d}, generator, at::kDouble) + 2;
    const at::Tensor labels = at::arange(50, at::kLong).remainder(4);
    const RidgeSolution solution = solve_ridge(x, labels, 4, {1e-3, 1, 1e3});
    for (int64_t i = 0; i < 3; ++i) EXPECT_LT(gradient(solution, i, x, labels), 1e-8) << d << ", " << i;
  }
}

TEST(Ridge, SquareAndWideProblemsGiveOneAnswer) {
  // With a column of zeros added the same problem takes the dual way.
  at::Generator generator = at::detail::createCPUGenerator(2);
  const at::Tensor x = at::randn({20, 20}, generator, at::kDouble);
  const at::Tensor labels = at::arange(20, at::kLong).remainder(3);
  const at::Tensor wide = at::cat({x, at::zeros({20, 1}, at::kDouble)}, 1);
  const RidgeSolution a = solve_ridge(x, labels, 3, {0.1}), b = solve_ridge(wide, labels, 3, {0.1});
  EXPECT_LT(largest_difference(a.weight, b.weight.narrow(2, 0, 20)), 1e-9);
  EXPECT_LT(largest_difference(a.bias, b.bias), 1e-9);
}

TEST(Ridge, ManyLambdasTogetherEqualEachAlone) {
  at::Generator generator = at::detail::createCPUGenerator(3);
  const at::Tensor x = at::randn({60, 9}, generator, at::kFloat);
  const at::Tensor labels = at::arange(60, at::kLong).remainder(2);
  const RidgeSolution together = solve_ridge(x, labels, 2, {10, 0.1});
  EXPECT_LT(largest_difference(together.weight[1], solve_ridge(x, labels, 2, {0.1}).weight[0]), 1e-12);
  EXPECT_LT(largest_difference(together.weight[0][0], -together.weight[0][1]), 1e-12);
}

TEST(Ridge, ConstantAndDuplicateFeaturesAreHarmless) {
  const at::Tensor labels = at::tensor({0, 0, 1, 1}, at::kLong);
  const at::Tensor ramp = at::arange(4, at::kDouble).unsqueeze(1);
  const at::Tensor x = at::cat({ramp, ramp, at::ones({4, 1}, at::kDouble)}, 1);
  const RidgeSolution solution = solve_ridge(x, labels, 2, {0.5});
  EXPECT_LT(gradient(solution, 0, x, labels), 1e-12);
  EXPECT_NEAR(solution.weight[0][0][0].item<double>(), solution.weight[0][0][1].item<double>(), 1e-12);
  EXPECT_NEAR(solution.weight[0][0][2].item<double>(), 0, 1e-12);
}

TEST(Ridge, AClassWithoutExamplesScoresMinusOneEverywhere) {
  const at::Tensor x = at::eye(4, at::kFloat);
  const RidgeSolution solution = solve_ridge(x, at::tensor({0, 1, 0, 1}, at::kLong), 3, {1});
  EXPECT_LT((ridge_scores(solution, x)[0].select(1, 2) + 1).abs().max().item<double>(), 1e-12);
}

/// Scores of each example by a fit to all others, written with explicit fits.
at::Tensor explicit_leave_one_out(const at::Tensor& x, const at::Tensor& t, double lambda) {
  std::vector<at::Tensor> scores;
  for (int64_t i = 0; i < x.size(0); ++i) {
    const at::Tensor others = at::cat({x.narrow(0, 0, i), x.narrow(0, i + 1, x.size(0) - i - 1)});
    const at::Tensor wanted = at::cat({t.narrow(0, 0, i), t.narrow(0, i + 1, t.size(0) - i - 1)});
    const at::Tensor mean = others.mean(0), centred = others - mean, level = wanted.mean(0);
    const at::Tensor system = at::mm(centred.t(), centred) + lambda * at::eye(x.size(1), at::kDouble);
    const at::Tensor weight = at::linalg_solve(system, at::mm(centred.t(), wanted - level));
    scores.push_back(at::mm((x[i] - mean).unsqueeze(0), weight)[0] + level);
  }
  return at::stack(scores);
}

TEST(Ridge, LeavingOneOutEqualsFitsToAllOthers) {
  at::Generator generator = at::detail::createCPUGenerator(4);
  for (const auto& [n, d] : {std::pair{40, 6}, {12, 30}, {12, 12}, {13, 12}, {2, 3}, {2, 1}}) {
    at::Tensor x = at::randn({n, d}, generator, at::kDouble) + 1;
    if (d > 2) x.select(1, 1).fill_(0.5);             // constant
    if (d > 4) x.select(1, 3).copy_(x.select(1, 4));  // twice the same
    if (n > 5) x[5].copy_(x[4]);
    const at::Tensor labels = at::arange(n, at::kLong).remainder(3);
    const std::vector<double> lambda{1e-3, 1, 1e3};
    const at::Tensor scores = ridge_leave_one_out(x, labels, 4, lambda);
    for (int64_t i = 0; i < 3; ++i) {
      const at::Tensor expected = explicit_leave_one_out(x, targets(labels, 4), lambda[i]);
      EXPECT_LT(largest_difference(scores[i], expected), 1e-7) << n << " x " << d << ", " << lambda[i];
    }
  }
}

TEST(Ridge, LeavingOneOutTakesTargetsOfAnyKindToo) {
  at::Generator generator = at::detail::createCPUGenerator(5);
  const at::Tensor x = at::randn({20, 4}, generator, at::kFloat);
  const at::Tensor t = at::randn({20, 2}, generator, at::kFloat);
  const at::Tensor expected = explicit_leave_one_out(x.to(at::kDouble), t.to(at::kDouble), 0.3);
  EXPECT_LT(largest_difference(ridge_leave_one_out(x, t, 2, {0.3})[0], expected), 1e-10);
}

TEST(Ridge, LeavingOneOutAtATinyLambdaInManyDimensionsInterpolatesFromTheOthersAlone) {
  at::Generator generator = at::detail::createCPUGenerator(6);
  const at::Tensor x = at::randn({10, 50}, generator, at::kDouble);
  const at::Tensor labels = at::arange(10, at::kLong).remainder(2);
  const at::Tensor tiny = ridge_leave_one_out(x, labels, 2, {1e-12})[0],
                   small = ridge_leave_one_out(x, labels, 2, {1e-6})[0];
  EXPECT_LT(largest_difference(tiny, small), 1e-6);
  EXPECT_GT((tiny - targets(labels, 2)).abs().min().item<double>(), 1e-3);
}

TEST(Ridge, BigVisionsFewShotClassifierEqualsItsDescription) {
  const GoldenSolutions golden("few_shot_ridge");
  const std::vector<double> lambda = golden.values("lambda");
  for (const std::string name : {"narrow", "wide"}) {
    for (size_t i = 0; i < lambda.size(); ++i) {
      const at::Tensor scores = big_vision_ridge_scores(golden.at(name + ".x"), golden.at(name + ".y"), 4,
                                                        golden.at(name + ".test"), lambda[i]);
      EXPECT_LT(largest_difference(scores, golden.at(name + ".scores." + std::to_string(i))), 1e-9) << name;
    }
  }
  EXPECT_TRUE(at::equal(
      big_vision_ridge_scores(golden.at("wide.x"), golden.at("wide.y"), 4, golden.at("wide.test")),
      big_vision_ridge_scores(golden.at("wide.x"), golden.at("wide.y"), 4, golden.at("wide.test"), 1024)));
}

TEST(Ridge, LeavingOneOutAndFewShotRefuseBadInput) {
  const at::Tensor x = at::ones({3, 2}), y = at::tensor({0, 1, 2}, at::kLong);
  const auto loo = [](const at::Tensor& features, const at::Tensor& labels, std::vector<double> lambda) {
    return error_message<std::invalid_argument>([&] { ridge_leave_one_out(features, labels, 3, lambda); });
  };
  EXPECT_EQ(loo(x.narrow(0, 0, 1), y.narrow(0, 0, 1), {1}),
            "[ridge] expected two examples or more to leave one out; got Float [1, 2]");
  EXPECT_EQ(loo(x, at::ones({3, 2}), {1}), "[ridge] expected targets [3, 3]; got Float [3, 2]");
  EXPECT_EQ(loo(x, y + 1, {1}), "[ridge] expected labels in 0 ... 2; got 1 ... 3");
  EXPECT_EQ(loo(x, y, {0}), "[ridge] expected lambda > 0 and finite; got 0");
  EXPECT_EQ(loo(x / 0, y, {1}), "[ridge] expected finite features; got NaN or infinity");
  const auto few = [&](const at::Tensor& labels, const at::Tensor& test, double lambda) {
    return error_message<std::invalid_argument>([&] { big_vision_ridge_scores(x, labels, 3, test, lambda); });
  };
  EXPECT_EQ(few(y, at::ones({2, 3}), 1),
            "[ridge] expected train and test of one width; got Float [3, 2] and Float [2, 3]");
  EXPECT_EQ(few(y, x, -1), "[ridge] expected lambda > 0 and finite; got -1");
  EXPECT_EQ(few(y - 1, x, 1), "[ridge] expected labels in 0 ... 2; got -1 ... 1");
}

TEST(Ridge, BadInputIsRefused) {
  const at::Tensor x = at::ones({3, 2}), y = at::tensor({0, 1, 2}, at::kLong);
  const auto message = [](const at::Tensor& features, const at::Tensor& labels, std::vector<double> lambda) {
    return error_message<std::invalid_argument>([&] { solve_ridge(features, labels, 3, lambda); });
  };
  EXPECT_EQ(message(x, y, {0}), "[ridge] expected lambda > 0 and finite; got 0");
  EXPECT_EQ(message(x, y, {}), "[ridge] expected at least one value of lambda; got none");
  EXPECT_EQ(message(x, y + 1, {1}), "[ridge] expected labels in 0 ... 2; got 1 ... 3");
  EXPECT_EQ(message(x / 0, y, {1}), "[ridge] expected finite features; got NaN or infinity");
  EXPECT_PRED2(contains, message(x.view({6}), y, {1}), "got Float [6]");
}

}  // namespace
}  // namespace repbench
