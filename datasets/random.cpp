#include "datasets/random.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <numbers>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace repbench {
namespace {

constexpr uint64_t kEpochs = uint64_t{1} << 24;

uint32_t low(uint64_t value) { return static_cast<uint32_t>(value); }
uint32_t high(uint64_t value) { return static_cast<uint32_t>(value >> 32); }

uint64_t splitmix(uint64_t bits) {
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
  return bits ^ (bits >> 31);
}

}  // namespace

uint64_t hash64(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
  return splitmix(hash);  // FNV-1a alone leaves the high bits of similar names alike
}

std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53} * counter[0];
    const uint64_t b = uint64_t{0xCD9E8D57} * counter[2];
    counter = {high(b) ^ counter[1] ^ key[0], low(b), high(a) ^ counter[3] ^ key[1], low(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

// Key: seed. Counter: block number, item (two words), purpose (8 bits) and epoch (24 bits).
RandomStream::RandomStream(uint64_t seed, Purpose purpose, uint64_t epoch, uint64_t item)
    : key_{low(seed), high(seed)},
      counter_{0, low(item), high(item), (static_cast<uint32_t>(purpose) << 24) | low(epoch)} {
  if (epoch >= kEpochs) {
    throw std::invalid_argument(fmt::format("[random] expected an epoch below {}; got {}", kEpochs, epoch));
  }
}

void RandomStream::refill() {
  block_ = philox4x32(counter_, key_);
  ++counter_[0];
  used_ = 0;
}

uint32_t RandomStream::bits() {
  if (used_ == 4) refill();
  return block_[used_++];
}

double RandomStream::uniform() {
  const uint64_t upper = bits() >> 5;
  const uint64_t lower = bits() >> 6;
  return static_cast<double>((upper << 26) | lower) * 0x1p-53;
}

double RandomStream::uniform(double from, double to) { return from + (to - from) * uniform(); }

int64_t RandomStream::integer(int64_t count) {
  if (count <= 0) {
    throw std::invalid_argument(
        fmt::format("[random] expected a positive count to draw from; got {}", count));
  }
  const auto range = static_cast<uint64_t>(count);
  if (range > UINT32_MAX) {
    const uint64_t surplus = (UINT64_MAX - range + 1) % range;  // 2^64 mod range
    uint64_t value;
    do {
      const uint64_t upper = bits();
      value = (upper << 32) | bits();
    } while (value < surplus);
    return static_cast<int64_t>(value % range);
  }
  // Lemire (2019): multiply and shift; redraw the few products that would favour some results.
  uint64_t product = bits() * range;
  if (low(product) < range) {
    const uint32_t surplus = -low(range) % low(range);  // 2^32 mod range
    while (low(product) < surplus) product = bits() * range;
  }
  return high(product);
}

double RandomStream::normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));  // Box-Muller
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

std::vector<int64_t> permutation(int64_t n, uint64_t seed, uint64_t epoch, uint64_t item) {
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), int64_t{0});
  RandomStream stream(seed, Purpose::shuffle, epoch, item);
  for (int64_t last = n - 1; last > 0; --last) std::swap(order[last], order[stream.integer(last + 1)]);
  return order;
}

}  // namespace repbench
