#include "protocols/solvers/logistic_stack.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace repbench {
namespace {

// In one stack and its solver: 2 MiB, about what a core's cache holds. Small problems gain from company,
// larger ones are as quick alone.
constexpr int64_t kNumbers = 1 << 18;

at::Tensor present_classes(const LogisticProblem& problem) {
  return at::bincount(problem.labels.to(problem.features.device()), {}, problem.classes).nonzero().squeeze(1);
}

}  // namespace

std::vector<std::vector<int64_t>> problems_of_one_shape(std::span<const LogisticProblem> problems,
                                                        int64_t history) {
  using Shape = std::tuple<at::Device, at::ScalarType, int64_t, int64_t, int64_t>;
  const auto before = [](const Shape& a, const Shape& b) {
    const auto key = [](const Shape& shape) {
      const auto& [device, dtype, n, r, k] = shape;
      return std::tuple(device.type(), device.index(), dtype, n, r, k);
    };
    return key(a) < key(b);
  };
  std::map<Shape, std::vector<int64_t>, decltype(before)> by_shape(before);
  for (size_t i = 0; i < problems.size(); ++i) {
    const at::Tensor& x = problems[i].features;
    by_shape[{x.device(), x.scalar_type(), x.size(0), std::min(x.size(0), x.size(1)),
              present_classes(problems[i]).size(0)}]
        .push_back(static_cast<int64_t>(i));
  }
  std::vector<std::vector<int64_t>> stacks;
  for (const auto& [shape, members] : by_shape) {
    const auto& [device, dtype, n, r, k] = shape;
    // Examples twice, and for two values of C the pairs of L-BFGS and some vectors beside.
    const int64_t each = (r + 1) * (2 * n + 2 * k * (2 * history + 8));
    const size_t most = static_cast<size_t>(std::max<int64_t>(1, kNumbers / each));
    for (size_t begin = 0; begin < members.size(); begin += most) {
      stacks.emplace_back(members.begin() + static_cast<int64_t>(begin),
                          members.begin() + static_cast<int64_t>(std::min(begin + most, members.size())));
    }
  }
  // The longest first, so that threads end together.
  const auto work = [&](const std::vector<int64_t>& chosen) {
    double sum = 0;
    for (const int64_t i : chosen) {
      const LogisticProblem& problem = problems[static_cast<size_t>(i)];
      sum += static_cast<double>(problem.features.numel()) * static_cast<double>(problem.C.size());
    }
    return sum;
  };
  std::stable_sort(stacks.begin(), stacks.end(),
                   [&](const auto& a, const auto& b) { return work(a) > work(b); });
  return stacks;
}

LogisticStack stack_problems(std::span<const LogisticProblem> problems, const std::vector<int64_t>& chosen) {
  LogisticStack stack;
  std::vector<at::Tensor> rows, labels, variance;
  for (const int64_t i : chosen) {
    const LogisticProblem& problem = problems[static_cast<size_t>(i)];
    const at::Tensor present = present_classes(problem);
    RotatedFeatures rotated = rotate_features(problem.features.contiguous());
    rows.push_back(std::exchange(rotated.rows, {}));
    variance.push_back(rotated.variance);
    labels.push_back(at::bucketize(problem.labels.to(present.device()), present));
    stack.rotations.push_back(std::move(rotated));
    stack.present.push_back(present);
    std::vector<double> C = problem.C;
    std::sort(C.begin(), C.end());
    C.erase(std::unique(C.begin(), C.end()), C.end());
    stack.C.push_back(std::move(C));
  }
  stack.classes = stack.present.front().size(0);
  stack.rows = rows.size() == 1 ? rows.front().unsqueeze(0) : at::stack(rows);
  if (problems[static_cast<size_t>(chosen.front())].features.scalar_type() == at::kFloat) {
    stack.float_rows = stack.rows.to(at::kFloat);
  }
  stack.labels = at::stack(labels);
  stack.variance = at::stack(variance);
  return stack;
}

}  // namespace repbench
