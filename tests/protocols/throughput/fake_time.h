#pragma once

#include <memory>
#include <vector>

#include "protocols/throughput/timing.h"

namespace repbench {

/// Time that passes only where work says so.
class FakeTime {
 public:
  Clock clock() const {
    return [now = now_] { return *now; };
  }

  /// Calls of `examples` that take these seconds in turn, the last of them from then on.
  Call taking(std::vector<double> seconds, int64_t examples = 1) const {
    const auto done = std::make_shared<size_t>(0);
    return [now = now_, seconds = std::move(seconds), examples, done] {
      *now += seconds[std::min((*done)++, seconds.size() - 1)];
      return examples;
    };
  }

  void pass(double seconds) const { *now_ += seconds; }

 private:
  std::shared_ptr<double> now_ = std::make_shared<double>(0);
};

}  // namespace repbench
