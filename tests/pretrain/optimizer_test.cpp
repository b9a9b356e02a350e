#include "pretrain/optimizer.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/pretrain/golden_tensors.h"

namespace repbench {
namespace {

constexpr AdamWOptions kOptions{.beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8};

NamedTensor parameter(const std::string& name, at::IntArrayRef shape) {
  return {name, at::randn(shape).set_requires_grad(true)};
}

ParameterGroup group(NamedTensors parameters, double lr_scale, double weight_decay) {
  return {std::move(parameters), [lr_scale](int64_t) { return lr_scale; },
          [weight_decay](int64_t) { return weight_decay; }};
}

/// AdamW of one tensor as Loshchilov and Hutter write it, in double precision.
struct Reference {
  explicit Reference(const at::Tensor& start) : value(start.detach().to(at::kDouble).clone()) {}

  void step(const at::Tensor& gradient, double rate, double decay) {
    const at::Tensor g = gradient.to(at::kDouble);
    ++count;
    first = kOptions.beta1 * first + (1 - kOptions.beta1) * g;
    second = kOptions.beta2 * second + (1 - kOptions.beta2) * g * g;
    const at::Tensor mean = first / (1 - std::pow(kOptions.beta1, count));
    const at::Tensor scale = (second / (1 - std::pow(kOptions.beta2, count))).sqrt() + kOptions.eps;
    value = value * (1 - rate * decay) - rate * mean / scale;
  }

  at::Tensor value;
  at::Tensor first = at::zeros_like(value), second = at::zeros_like(value);
  int count = 0;
};

TEST(AdamW, EqualsItsDefinitionOverFiveSteps) {
  const NamedTensor matrix = parameter("matrix", {37, 5}), bias = parameter("bias", {37});
  Reference expected_matrix(matrix.tensor), expected_bias(bias.tensor);
  AdamW optimizer({group({matrix}, 1.0, 0.3), group({bias}, 0.5, 0.0)}, kOptions);
  for (int64_t step = 0; step < 5; ++step) {
    const double rate = 0.01 * static_cast<double>(step + 1);
    matrix.tensor.mutable_grad() = at::randn({37, 5});
    bias.tensor.mutable_grad() = at::randn({37});
    expected_matrix.step(matrix.tensor.grad(), rate, 0.3);
    expected_bias.step(bias.tensor.grad(), 0.5 * rate, 0.0);
    optimizer.step(rate, step);
  }
  EXPECT_LT(relative_error(matrix.tensor.detach(), expected_matrix.value), 1e-6);
  EXPECT_LT(relative_error(bias.tensor.detach(), expected_bias.value), 1e-6);
}

TEST(AdamW, AsksForScaleAndDecayOfTheStep) {
  const NamedTensor one = parameter("one", {3});
  std::vector<int64_t> asked;
  ParameterGroup watched{
      {one}, [&](int64_t step) { return asked.push_back(step), 1.0; }, [](int64_t) { return 0.0; }};
  AdamW optimizer({watched}, kOptions);
  one.tensor.mutable_grad() = at::ones({3});
  optimizer.step(0.1, 41);
  EXPECT_EQ(asked, std::vector<int64_t>{41});
}

TEST(AdamW, LeavesAParameterWithoutGradientAsItIs) {
  const NamedTensor used = parameter("used", {4}), unused = parameter("unused", {4});
  const at::Tensor before = unused.tensor.detach().clone();
  AdamW optimizer({group({used, unused}, 1.0, 0.5)}, kOptions);
  used.tensor.mutable_grad() = at::ones({4});
  optimizer.step(0.1, 0);
  EXPECT_TRUE(at::equal(unused.tensor.detach(), before));
  EXPECT_EQ(tensor_named(optimizer.state(), "step.unused").item<float>(), 0.0F);
  EXPECT_EQ(tensor_named(optimizer.state(), "step.used").item<float>(), 1.0F);
}

TEST(AdamW, NamesItsStateAfterTheParameters) {
  AdamW optimizer({group({parameter("a", {2, 3})}, 1, 0), group({parameter("b", {4})}, 1, 0)}, kOptions);
  std::vector<std::string> names;
  for (const NamedTensor& named : optimizer.state()) names.push_back(named.name);
  EXPECT_EQ(names, (std::vector<std::string>{"exp_avg.a", "exp_avg_sq.a", "step.a", "exp_avg.b",
                                             "exp_avg_sq.b", "step.b"}));
  EXPECT_EQ(optimizer.trainable_elements(), 10);
}

TEST(AdamW, GoesOnFromARestoredState) {
  const NamedTensor straight = parameter("p", {6});
  const NamedTensor restored{"p", straight.tensor.detach().clone().set_requires_grad(true)};
  AdamW first({group({straight}, 1, 0.1)}, kOptions), second({group({restored}, 1, 0.1)}, kOptions);
  straight.tensor.mutable_grad() = at::randn({6});
  first.step(0.1, 0);
  {
    const c10::NoGradGuard no_grad;
    restored.tensor.copy_(straight.tensor);
    for (const auto& [name, tensor] : second.state()) tensor.copy_(tensor_named(first.state(), name));
  }
  straight.tensor.mutable_grad() = at::randn({6});
  restored.tensor.mutable_grad() = straight.tensor.grad();
  first.step(0.1, 1);
  second.step(0.1, 1);
  EXPECT_TRUE(at::equal(straight.tensor, restored.tensor));
}

/// Momentum descent of one tensor in double precision; `trust`: LARS, which leaves vectors plain.
at::Tensor descend(const at::Tensor& start, const std::vector<at::Tensor>& gradients, double rate,
                   double decay, bool trust) {
  at::Tensor w = start.detach().to(at::kDouble).clone(), velocity = at::zeros_like(w);
  const bool plain = trust && w.dim() < 2;
  for (const at::Tensor& gradient : gradients) {
    at::Tensor g = gradient.to(at::kDouble) + (plain ? 0.0 : decay) * w;
    if (trust && !plain) g = g * (0.001 * w.norm() / g.norm());
    velocity = 0.9 * velocity + g;
    w = w - rate * velocity;
  }
  return w;
}

template <class Method>
void expect_descends(bool trust) {
  const NamedTensor matrix = parameter("matrix", {7, 5}), bias = parameter("bias", {7});
  const at::Tensor matrix_start = matrix.tensor.detach().clone(), bias_start = bias.tensor.detach().clone();
  Method optimizer({group({matrix}, 2.0, 0.1), group({bias}, 1.0, 0.1)}, 0.9);
  std::vector<at::Tensor> matrix_gradients, bias_gradients;
  for (int64_t step = 0; step < 4; ++step) {
    matrix_gradients.push_back(at::randn({7, 5}));
    bias_gradients.push_back(at::randn({7}));
    matrix.tensor.mutable_grad() = matrix_gradients.back();
    bias.tensor.mutable_grad() = bias_gradients.back();
    optimizer.step(0.05, step);
  }
  EXPECT_LT(relative_error(matrix.tensor.detach(), descend(matrix_start, matrix_gradients, 0.1, 0.1, trust)),
            1e-6);
  EXPECT_LT(relative_error(bias.tensor.detach(), descend(bias_start, bias_gradients, 0.05, 0.1, trust)),
            1e-6);
}

TEST(Sgd, EqualsItsDefinitionOverFourSteps) { expect_descends<Sgd>(false); }

TEST(Lars, ScalesMatricesByTheirTrustAndLeavesVectorsPlain) { expect_descends<Lars>(true); }

TEST(Lars, TakesTheGradientAsItIsWhereAWeightIsZero) {
  const NamedTensor zero{"zero", at::zeros({2, 2}).set_requires_grad(true)};
  Lars optimizer({group({zero}, 1.0, 0.0)}, 0.9);
  zero.tensor.mutable_grad() = at::ones({2, 2});
  optimizer.step(0.5, 0);
  EXPECT_TRUE(zero.tensor.detach().eq(-0.5).all().item<bool>());
}

TEST(Sgd, GoesOnFromARestoredState) {
  const NamedTensor straight = parameter("w", {3, 2});
  const NamedTensor restored{"w", straight.tensor.detach().clone().set_requires_grad(true)};
  Sgd first({group({straight}, 1, 0.1)}, 0.9), second({group({restored}, 1, 0.1)}, 0.9);
  straight.tensor.mutable_grad() = at::randn({3, 2});
  first.step(0.1, 0);
  restored.tensor.data().copy_(straight.tensor.data());
  second.state()[0].tensor.copy_(first.state()[0].tensor);
  EXPECT_EQ(first.state()[0].name, "momentum_buffer.w");
  straight.tensor.mutable_grad() = restored.tensor.mutable_grad() = at::randn({3, 2});
  first.step(0.1, 1);
  second.step(0.1, 1);
  EXPECT_TRUE(straight.tensor.detach().equal(restored.tensor.detach()));
}

class Clipping : public testing::Test {
 protected:
  Clipping() {
    a_.tensor.mutable_grad() = at::full({2, 2}, 3.0);  // norm 6
    b_.tensor.mutable_grad() = at::full({4}, 4.0);     // norm 8
  }
  NamedTensor a_ = parameter("a", {2, 2}), b_ = parameter("b", {4}), unused_ = parameter("unused", {9});
  AdamW optimizer_{{group({a_, unused_}, 1, 0), group({b_}, 1, 0)}, kOptions};
};

TEST_F(Clipping, ScalesAllGradientsToTheJointNorm) {
  EXPECT_NEAR(optimizer_.clip_gradients(5.0), 10.0, 1e-6);
  EXPECT_TRUE(at::allclose(a_.tensor.grad(), at::full({2, 2}, 1.5)));
  EXPECT_TRUE(at::allclose(b_.tensor.grad(), at::full({4}, 2.0)));
}

TEST_F(Clipping, LeavesSmallGradientsAlone) {
  EXPECT_NEAR(optimizer_.clip_gradients(11.0), 10.0, 1e-6);
  EXPECT_TRUE(at::equal(a_.tensor.grad(), at::full({2, 2}, 3.0)));
}

TEST_F(Clipping, OnlyMeasuresWhenSwitchedOff) {
  EXPECT_NEAR(optimizer_.clip_gradients(0.0), 10.0, 1e-6);
  EXPECT_TRUE(at::equal(b_.tensor.grad(), at::full({4}, 4.0)));
}

TEST_F(Clipping, FindsNothingAfterGradientsAreDropped) {
  optimizer_.zero_gradients();
  EXPECT_FALSE(a_.tensor.grad().defined());
  EXPECT_EQ(optimizer_.clip_gradients(1.0), 0.0);
}

}  // namespace
}  // namespace repbench
