#pragma once

#include <ATen/core/Tensor.h>

#include "protocols/solvers/logistic_stack.h"

namespace repbench {

/// A solution with the best intercepts for its weights, and how far it can be from the optimum. Values are
/// those of the mean loss plus ||W||^2 / (2 C N).
struct LogisticCertificate {
  at::Tensor point;  // [K, r + 1] float64
  double value = 0;
  double norm = 0;  // max |gradient| in the features' own coordinates
  double gap = 0;   // value - optimum is at most this
};

/// F(W) = min over b of C * loss(W, b) + 1/2 ||W||^2 is 1-strongly convex (a minimum over b keeps convexity,
/// and 1/2 ||W||^2 does not depend on b), so F(V) >= F(W) + <grad, V - W> + 1/2 ||V - W||^2 >= F(W) - 1/2
/// ||grad||^2 for all V: the gap is at most 1/2 ||grad F||^2, and grad F is the gradient by W at the best b.
/// b is found by Newton's method on K numbers, to rounding; what its last decrement leaves open is added.
/// All float64. point [K, r + 1].
LogisticCertificate certify(const LogisticStack& stack, const LogisticMember& member,
                            const at::Tensor& point);

}  // namespace repbench
