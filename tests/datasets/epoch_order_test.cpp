#include "datasets/epoch_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "datasets/random.h"
#include "tests/datasets/toy_dataset.h"

namespace repbench {
namespace {

// Ten shards of a hundred.
class ShardedToys final : public ToyDataset {
 public:
  using ToyDataset::ToyDataset;
  std::vector<int64_t> shard_sizes() const override { return std::vector<int64_t>(10, 100); }
};

std::shared_ptr<const Dataset> sharded_toys() {
  std::vector<ToyDataset::Row> rows;
  for (int i = 0; i < 1000; ++i) rows.push_back({std::to_string(i), 0});
  return std::make_shared<ShardedToys>(std::move(rows), 1);
}

std::vector<int64_t> sorted(std::vector<int64_t> values) {
  std::sort(values.begin(), values.end());
  return values;
}

std::vector<int64_t> counting(int64_t n) {
  std::vector<int64_t> values(n);
  std::iota(values.begin(), values.end(), int64_t{0});
  return values;
}

TEST(EpochOrder, IsAPlainPermutationWithoutAWindowOrWithoutShards) {
  const auto shards = sharded_toys(), plain = std::shared_ptr<const Dataset>(ToyDataset::of(1000, 2));
  const std::vector<int64_t> expected = permutation(1000, 7, 3);
  EXPECT_EQ(epoch_order(*shards, all_examples(*shards), 7, 3, 0), expected);
  EXPECT_EQ(epoch_order(*plain, all_examples(*plain), 7, 3, 50), expected);
}

TEST(EpochOrder, VisitsShardAfterShardShuffledInWindows) {
  const auto dataset = sharded_toys();
  const std::vector<int64_t> order = epoch_order(*dataset, all_examples(*dataset), 7, 3, 200);
  EXPECT_EQ(sorted(order), counting(1000));
  std::set<int64_t> first_shards;
  for (int window = 0; window < 5; ++window) {
    std::set<int64_t> shards;
    for (int i = 0; i < 200; ++i) shards.insert(order[200 * window + i] / 100);
    EXPECT_EQ(shards.size(), 2U) << "a window holds whole shards";
    first_shards.insert(*shards.begin());
    const std::vector<int64_t> part(order.begin() + 200 * window, order.begin() + 200 * (window + 1));
    EXPECT_FALSE(std::is_sorted(part.begin(), part.end()));
  }
  EXPECT_NE(epoch_order(*dataset, all_examples(*dataset), 7, 4, 200), order);
  EXPECT_NE(epoch_order(*dataset, all_examples(*dataset), 8, 3, 200), order);
  EXPECT_EQ(epoch_order(*dataset, all_examples(*dataset), 7, 3, 200), order);
}

TEST(EpochOrder, GivesPositionsInTheListNotIndices) {
  const auto dataset = sharded_toys();
  const IndexList some = these_examples(*dataset, {5, 150, 151, 420, 999});
  EXPECT_EQ(sorted(epoch_order(*dataset, some, 1, 0, 2)), counting(5));
}

}  // namespace
}  // namespace repbench
