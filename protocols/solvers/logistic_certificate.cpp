#include "protocols/solvers/logistic_certificate.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <tuple>

namespace repbench {
namespace {

constexpr int kMaxSteps = 50, kMaxHalvings = 40;

/// The mean loss as a function of the intercepts alone; scores [N, K] without them.
class InterceptLoss {
 public:
  struct Look {
    double value;
    at::Tensor gradient, hessian;  // [K], [K, K]
  };

  InterceptLoss(at::Tensor scores, const at::Tensor& labels)
      : scores_(std::move(scores)), labels_(labels.unsqueeze(1)) {
    counts_ = at::bincount(labels, {}, scores_.size(1)).to(at::kDouble);
  }

  Look at(const at::Tensor& bias) const {
    const int64_t n = scores_.size(0), k = scores_.size(1), block = rows_per_block(k);
    Look look{0, -counts_, at::zeros({k, k}, scores_.options())};
    at::Tensor loss = at::zeros({}, scores_.options());
    for (int64_t begin = 0; begin < n; begin += block) {
      const int64_t count = std::min(block, n - begin);
      at::Tensor p = at::log_softmax(scores_.narrow(0, begin, count) + bias, 1);
      loss.sub_(p.gather(1, labels_.narrow(0, begin, count)).sum());
      p.exp_();
      look.gradient.add_(p.sum(0));
      look.hessian.sub_(at::mm(p.t(), p));
    }
    look.hessian.diagonal().add_(look.gradient + counts_);
    look.gradient.div_(n);
    look.hessian.div_(n);
    look.value = loss.item<double>() / static_cast<double>(n);
    return look;
  }

  /// Probabilities minus one-hot labels, transposed, times `rows` [N, r + 1], divided by N.
  at::Tensor gradient(const at::Tensor& bias, const at::Tensor& rows) const {
    const int64_t n = scores_.size(0), k = scores_.size(1), block = rows_per_block(k);
    at::Tensor result = at::zeros({k, rows.size(1)}, scores_.options());
    for (int64_t begin = 0; begin < n; begin += block) {
      const int64_t count = std::min(block, n - begin);
      at::Tensor p = at::softmax(scores_.narrow(0, begin, count) + bias, 1);
      p.scatter_add_(1, labels_.narrow(0, begin, count), at::full({count, 1}, -1.0, p.options()));
      result.add_(at::mm(p.t(), rows.narrow(0, begin, count)));
    }
    return result.div_(n);
  }

 private:
  at::Tensor scores_, labels_, counts_;
};

struct Intercepts {
  at::Tensor bias;
  double value, decrement;  // the mean loss there; half the decrement is what a further step would gain
};

/// Newton's step [K]; nothing where rounding leaves no positive definite Hessian.
at::Tensor newton_step(const InterceptLoss::Look& look) {
  const int64_t k = look.gradient.size(0);
  // The loss does not change along (1, ..., 1); any curvature there makes the step unique.
  const double along = look.hessian.trace().item<double>() / static_cast<double>(k);
  const auto [factor, info] = at::linalg_cholesky_ex(look.hessian + along / static_cast<double>(k));
  if (info.item<int64_t>() != 0) return {};
  return at::cholesky_solve(look.gradient.unsqueeze(1), factor).squeeze(1);
}

Intercepts best_intercepts(const InterceptLoss& loss, at::Tensor bias) {
  InterceptLoss::Look look = loss.at(bias);
  double decrement = look.gradient.abs().max().item<double>() > 0 ? look.value : 0;
  for (int step = 0; step < kMaxSteps; ++step) {
    const at::Tensor ahead = newton_step(look);
    if (!ahead.defined()) break;
    decrement = std::abs(ahead.dot(look.gradient).item<double>());
    if (decrement <= 1e-24 * look.value) break;
    double length = 1;
    bool moved = false;
    for (int halving = 0; halving < kMaxHalvings && !moved; ++halving, length /= 2) {
      const at::Tensor tried = bias - length * ahead;
      InterceptLoss::Look there = loss.at(tried);
      // Where differences of the value drown in rounding, the gradient decides.
      const bool lower = there.value <= look.value - 1e-4 * length * decrement ||
                         (decrement < 1e-12 * look.value &&
                          there.gradient.norm().item<double>() < 0.5 * look.gradient.norm().item<double>());
      if (!lower) {
        if (decrement < 1e-12 * look.value) break;
        continue;
      }
      bias = tried;
      look = there;
      moved = true;
    }
    if (!moved) break;
  }
  return {bias, look.value, decrement};
}

}  // namespace

LogisticCertificate certify(const LogisticStack& stack, const LogisticMember& member,
                            const at::Tensor& point) {
  const at::Tensor rows = stack.rows[member.problem];
  const int64_t r = rows.size(1) - 1;
  const at::Tensor weight = point.narrow(1, 0, r);
  const InterceptLoss loss(at::mm(rows.narrow(1, 0, r), weight.t()), stack.labels[member.problem]);
  const Intercepts best = best_intercepts(loss, point.select(1, r));
  const double scale = member.C * static_cast<double>(stack.examples());
  const at::Tensor gradient = loss.gradient(best.bias, rows);
  gradient.narrow(1, 0, r).add_(weight, 1 / scale);

  LogisticCertificate result;
  result.point = at::cat({weight, best.bias.unsqueeze(1)}, 1);
  result.value = best.value + weight.square().sum().item<double>() / (2 * scale);
  const RotatedFeatures& rotation = stack.rotations[member.problem];
  result.norm = std::max(rotation.weight_gradient(gradient.unsqueeze(0)).abs().max().item<double>(),
                         gradient.select(1, r).abs().max().item<double>());
  // The last step's share: the Hessian by W is at most half the largest variance, times C N.
  const double reach = std::sqrt(0.5 * stack.variance[member.problem].max().item<double>());
  const double length = gradient.narrow(1, 0, r).norm().item<double>() + reach * std::sqrt(best.decrement);
  const bool known = best.decrement <= 1e-8 * best.value;
  // The optimum is at least 0.
  result.gap = known ? std::min(result.value, 0.5 * scale * length * length + best.decrement) : result.value;
  return result;
}

}  // namespace repbench
