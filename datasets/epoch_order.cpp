#include "datasets/epoch_order.h"

#include <algorithm>

#include "datasets/random.h"

namespace repbench {
namespace {

// Items of the random streams: 0 is the plain permutation's.
constexpr uint64_t kShards = 1, kFirstWindow = 2;

// Positions in `examples` (ascending indices), shard after shard in random order.
std::vector<int64_t> shards_in_random_order(const std::vector<int64_t>& sizes, const IndexList& examples,
                                            uint64_t seed, uint64_t epoch) {
  std::vector<int64_t> ends;
  int64_t end = 0;
  for (const int64_t size : sizes) ends.push_back(end += size);
  const auto position = [&](int64_t index) {
    return std::lower_bound(examples.indices.begin(), examples.indices.end(), index) -
           examples.indices.begin();
  };
  std::vector<int64_t> order;
  order.reserve(examples.indices.size());
  for (const int64_t shard : permutation(static_cast<int64_t>(sizes.size()), seed, epoch, kShards)) {
    const int64_t to = position(ends[shard]);
    for (int64_t at = position(ends[shard] - sizes[shard]); at < to; ++at) order.push_back(at);
  }
  return order;
}

void shuffle_windows(std::vector<int64_t>& order, int64_t window, uint64_t seed, uint64_t epoch) {
  const auto n = static_cast<int64_t>(order.size());
  uint64_t item = kFirstWindow;
  for (int64_t begin = 0; begin < n; begin += window, ++item) {
    const int64_t count = std::min(window, n - begin);
    const std::vector<int64_t> from(order.begin() + begin, order.begin() + begin + count);
    const std::vector<int64_t> places = permutation(count, seed, epoch, item);
    for (int64_t i = 0; i < count; ++i) order[begin + i] = from[places[i]];
  }
}

}  // namespace

std::vector<int64_t> epoch_order(const Dataset& dataset, const IndexList& examples, uint64_t seed,
                                 uint64_t epoch, int64_t window) {
  const std::vector<int64_t> sizes = window > 0 ? dataset.shard_sizes() : std::vector<int64_t>{};
  if (sizes.empty()) return permutation(examples.size(), seed, epoch);
  std::vector<int64_t> order = shards_in_random_order(sizes, examples, seed, epoch);
  shuffle_windows(order, window, seed, epoch);
  return order;
}

}  // namespace repbench
