#include "protocols/throughput/timing.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <tuple>

#include "reports/statistics/intervals.h"

namespace repbench {
namespace {

constexpr size_t kWindow = 5;
constexpr double kSteady = 0.01;

/// Of `kWindow` values (or as many as there are) that end `back` before the last.
double median_of_window(std::span<const double> values, size_t back) {
  const std::span<const double> until = values.first(values.size() - back);
  const std::span<const double> window = until.last(std::min(kWindow, until.size()));
  return quantile({window.begin(), window.end()}, 0.5);
}

}  // namespace

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

bool is_steady(std::span<const double> call_seconds) {
  if (call_seconds.size() < 2 * kWindow) return false;
  const double last = median_of_window(call_seconds, 0), before = median_of_window(call_seconds, kWindow);
  return std::abs(last - before) <= kSteady * before;
}

WarmUp warm_up(const Call& call, int64_t fewest, double most_seconds, const Clock& clock) {
  std::vector<double> seconds;
  const double start = clock();
  WarmUp result;
  for (double now = start; true;) {
    call();
    const double after = clock();
    seconds.push_back(after - now);
    now = after;
    result.calls = static_cast<int64_t>(seconds.size());
    result.steady = is_steady(seconds);
    if (result.steady && result.calls >= fewest) break;
    if (result.calls >= 2 && now - start >= most_seconds) break;
  }
  result.call_seconds = median_of_window(std::span<const double>(seconds).subspan(1), 0);
  return result;
}

void prepare_blocks(Workload& workload, int64_t fewest_calls, double block_seconds, const Clock& clock) {
  workload.begin_block();
  workload.warm_up = warm_up(workload.call, fewest_calls, 2 * block_seconds, clock);
  workload.end_block();
  const double calls = workload.warm_up.call_seconds > 0 ? block_seconds / workload.warm_up.call_seconds : 1;
  workload.calls = std::max<int64_t>(1, std::llround(calls));
}

void time_block(Workload& workload, const Clock& clock) {
  workload.begin_block();
  int64_t examples = 0;
  const double start = clock();
  double now = start;
  for (int64_t call = 0; call < workload.calls; ++call) {
    examples += workload.call();
    const double after = clock();
    workload.call_seconds.push_back(after - now);
    now = after;
  }
  workload.rates.push_back(static_cast<double>(examples) / (now - start));
  if (workload.waited)
    workload.wait_shares.push_back(std::clamp(workload.waited() / (now - start), 0.0, 1.0));
  workload.end_block();
}

std::vector<Workload*> turn_of(std::vector<Workload>& workloads, bool backwards) {
  const auto first = [&](const Workload* workload) {
    return std::find_if(workloads.begin(), workloads.end(),
                        [&](const Workload& other) { return other.name == workload->name; });
  };
  const auto place = [&](const Workload* workload) {
    const auto subject = static_cast<int64_t>(workload->subject);
    return std::tuple(first(workload), backwards ? -subject : subject);
  };
  std::vector<Workload*> turn;
  for (Workload& workload : workloads) turn.push_back(&workload);
  std::sort(turn.begin(), turn.end(),
            [&](const Workload* a, const Workload* b) { return place(a) < place(b); });
  return turn;
}

}  // namespace repbench
