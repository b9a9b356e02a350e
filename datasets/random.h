#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

// Counter-based random numbers (Philox4x32-10; Salmon et al., SC 2011): a draw depends on its key alone,
// never on what was drawn before, so batches are the same for any number of workers and after any restart.

namespace repbench {

/// What a stream is for; two purposes never share numbers.
enum class Purpose : uint32_t {
  shuffle = 1,
  view = 2,
  mask = 3,
  initialise = 4,
  split = 5,
  dropout = 6,
  caption = 7,
  scene = 8,         // drawn pictures: what they show,
  texture = 9,       // their backgrounds,
  noise = 10,        // what hides them,
  wording = 11,      // and what is said about them
  replacement = 12,  // of an example whose picture is broken
  mixing = 13,       // mixup and CutMix of a batch
  corruption = 14,   // of a picture (images/corruptions.h)
  drop_path = 15,    // branches of blocks that are left out
};

/// 64 well-mixed bits of a string (an example's id).
uint64_t hash64(std::string_view text);

/// One block of Philox4x32-10, bit for bit as in Random123.
std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

/// A stream of numbers for (seed, purpose, epoch, item): different arguments, different counters, so that no
/// two streams overlap in their first 2^34 numbers. Cheap to make; not thread-safe. Throws
/// std::invalid_argument for an epoch outside [0, 2^24).
class RandomStream {
 public:
  RandomStream(uint64_t seed, Purpose purpose, uint64_t epoch, uint64_t item);

  uint32_t bits();
  double uniform();                         // [0, 1), 53 bits
  double uniform(double low, double high);  // [low, high)
  int64_t integer(int64_t count);           // 0 ... count-1, unbiased
  double normal();                          // mean 0, variance 1

  /// What it was made for.
  uint64_t item() const { return uint64_t{counter_[2]} << 32 | counter_[1]; }

 private:
  void refill();

  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 4> counter_;
  std::array<uint32_t, 4> block_{};
  int used_ = 4;
};

/// A permutation of 0 ... n-1 for this epoch; another for every `item`.
std::vector<int64_t> permutation(int64_t n, uint64_t seed, uint64_t epoch, uint64_t item = 0);

}  // namespace repbench
