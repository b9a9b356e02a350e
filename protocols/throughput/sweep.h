#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "protocols/throughput/timing.h"

namespace repbench {

/// Makes a call of this many examples: inputs, and what else a call keeps. Runs it, so that what follows
/// needs no more memory. Throws where memory runs out (is_out_of_memory).
using MakeCall = std::function<Call(int64_t batch)>;

struct Sweep {
  std::vector<int64_t> batches;  // that were measured
  std::vector<double> rates;     // examples per second of each
  std::string ended = "";        // why larger ones were not; "" if all were
  bool out_of_memory = false;    // that is why
};

/// Measures the sizes in their (rising) order for `seconds` each: a look, to choose by, not the result. Ends
/// where memory runs out, or where a call would take more than `longest_call` seconds by the last rate; the
/// first size is always measured, and its lack of memory is the caller's.
Sweep sweep_batches(const MakeCall& make, std::span<const int64_t> batches, double seconds,
                    double longest_call, const Clock& clock);

/// The size of the highest rate, the smallest if several have it.
int64_t fastest_batch(const Sweep& sweep);

struct MadeCall {
  Call call;
  int64_t batch = 0;
  std::vector<int64_t> refused = {};  // sizes for which memory was too small
};

/// A call of `batch` examples or, where memory runs out, of the next lower power of two that fits.
/// `after_failure` runs before each further try. Throws what `make` throws for a single example.
MadeCall make_with_back_off(
    const MakeCall& make, int64_t batch, const std::function<void()>& after_failure = [] {});

}  // namespace repbench
