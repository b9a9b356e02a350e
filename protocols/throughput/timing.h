#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace repbench {

/// Seconds since some moment; never goes back.
using Clock = std::function<double()>;
double steady_seconds();

/// Does the work once, to its end (a device is waited for); gives the number of examples it took through.
using Call = std::function<int64_t()>;

struct WarmUp {
  int64_t calls = 0;
  bool steady = false;      // or did the time run out?
  double call_seconds = 0;  // median of the last five, the very first left out
};

/// Do the last five calls take as long as the five before? Medians, within 1 %; false for fewer than ten.
bool is_steady(std::span<const double> call_seconds);

/// Calls until `fewest` calls are done and they are steady, or `most_seconds` have passed; at least twice.
WarmUp warm_up(const Call& call, int64_t fewest, double most_seconds, const Clock& clock);

/// What is timed in blocks of calls, again and again.
struct Workload {
  std::string name;  // "inference", "inference_batch1", "text_inference", ...
  std::string examples = "images";
  int64_t macs = 0;    // multiply-accumulates of one example
  int64_t batch = 1;   // examples a call
  size_t subject = 0;  // whose it is
  Call call;
  std::function<void()> begin_block = [] {}, end_block = [] {};  // outside of the timed stretch
  std::function<double()> waited = {};  // seconds of the block so far in which the work waited for data

  WarmUp warm_up = {};
  int64_t calls = 1;                      // of a timed block
  std::vector<double> rates = {};         // examples per second, one a block
  std::vector<double> wait_shares = {};   // of each block's time, where `waited` is set
  std::vector<double> call_seconds = {};  // of every timed call
};

/// Warms the workload up and chooses how many calls fill a block of `block_seconds`; the warm-up ends after
/// two blocks' time at the latest.
void prepare_blocks(Workload& workload, int64_t fewest_calls, double block_seconds, const Clock& clock);

/// One block: adds a rate, and the time of each call.
void time_block(Workload& workload, const Clock& clock);

/// In which order a repetition takes them: those of one name beside each other, by the names' first
/// occurrence, and among these the subjects forwards or backwards.
std::vector<Workload*> turn_of(std::vector<Workload>& workloads, bool backwards);

}  // namespace repbench
