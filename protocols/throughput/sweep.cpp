#include "protocols/throughput/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <optional>

#include "protocols/throughput/memory.h"

namespace repbench {
namespace {

constexpr int64_t kFewestCalls = 3;

/// Nothing if memory runs out.
std::optional<Call> made(const MakeCall& make, int64_t batch) {
  try {
    return make(batch);
  } catch (const std::exception& error) {
    if (!is_out_of_memory(error)) throw;
    return std::nullopt;
  }
}

double rate_of(const Call& call, double seconds, const Clock& clock) {
  int64_t examples = 0;
  const double start = clock();
  double now = start;
  for (int64_t calls = 0; calls < kFewestCalls || now - start < seconds; ++calls) {
    examples += call();
    now = clock();
  }
  return static_cast<double>(examples) / (now - start);
}

}  // namespace

Sweep sweep_batches(const MakeCall& make, std::span<const int64_t> batches, double seconds,
                    double longest_call, const Clock& clock) {
  Sweep sweep;
  for (const int64_t batch : batches) {
    const bool first = sweep.batches.empty();
    const double expected = first ? 0 : static_cast<double>(batch) / sweep.rates.back();
    if (expected > longest_call) {
      sweep.ended = fmt::format("a call of {} would take {:.1f} s, longest_call is {:g} s", batch, expected,
                                longest_call);
      break;
    }
    const std::optional<Call> call = first ? make(batch) : made(make, batch);
    if (!call) {
      sweep.ended = fmt::format("memory was too small for {}", batch);
      sweep.out_of_memory = true;
      break;
    }
    sweep.rates.push_back(rate_of(*call, seconds, clock));
    sweep.batches.push_back(batch);
  }
  return sweep;
}

int64_t fastest_batch(const Sweep& sweep) {
  const auto fastest = std::max_element(sweep.rates.begin(), sweep.rates.end());
  return sweep.batches[static_cast<size_t>(fastest - sweep.rates.begin())];
}

MadeCall make_with_back_off(const MakeCall& make, int64_t batch, const std::function<void()>& after_failure) {
  MadeCall result;
  while (batch > 1) {
    if (std::optional<Call> call = made(make, batch)) {
      result.call = *std::move(call);
      result.batch = batch;
      return result;
    }
    after_failure();
    result.refused.push_back(batch);
    batch = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(batch - 1)));
  }
  result.call = make(batch);
  result.batch = batch;
  return result;
}

}  // namespace repbench
