#include "protocols/prefix_source.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/files/error_message.h"
#include "tests/protocols/toy_pictures.h"

namespace repbench {
namespace {

constexpr int64_t kExamples = 21, kBatch = 8, kPlenty = int64_t{1} << 40;

at::Tensor brightness(const View& view) { return view.data.to(at::kFloat).flatten(1).narrow(1, 0, 3); }

struct Toy {
  std::shared_ptr<ToyPictures> pictures = std::make_shared<ToyPictures>("train", kExamples);
  IndexList examples = all_examples(*pictures);

  std::unique_ptr<BatchSource> loader(const LoaderOptions& options) const {
    return make_loader(pictures, examples, {make_view("small_eval:8")}, options);
  }
  PrefixTable table(int64_t memory = kPlenty) const {
    const auto source = loader({.batch_size = kBatch});
    return compute_prefixes(*source, kExamples, kBatch, memory, brightness, [](int64_t) {});
  }
};

void expect_same_batches(const LoaderOptions& options, int64_t step = 0, int rank = 0, int world = 1) {
  const Toy toy;
  const auto pictures = toy.loader(options);
  const auto prefixes = make_prefix_source(toy.pictures, toy.examples, toy.table(), options);
  EXPECT_EQ(prefixes->batches_per_epoch(), pictures->batches_per_epoch());
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    pictures->begin(epoch, step, rank, world);
    prefixes->begin(epoch, step, rank, world);
    while (std::optional<Batch> expected = pictures->next()) {
      const std::optional<Batch> batch = prefixes->next();
      ASSERT_TRUE(batch.has_value());
      EXPECT_EQ(batch->indices, expected->indices);
      EXPECT_EQ(batch->keys, expected->keys);
      EXPECT_EQ(batch->epoch, expected->epoch);
      EXPECT_TRUE(at::equal(batch->labels, expected->labels));
      EXPECT_TRUE(at::equal(batch->features, brightness(expected->views[0])));
      EXPECT_TRUE(batch->views.empty());
    }
    EXPECT_FALSE(prefixes->next().has_value());
  }
}

TEST(PrefixSource, ServesTheLoadersBatches) {
  expect_same_batches({.batch_size = kBatch});
  expect_same_batches({.batch_size = kBatch, .shuffle = true, .drop_last = true, .seed = 3});
  expect_same_batches({.batch_size = 5, .shuffle = true, .shuffle_window = 4, .seed = 4});
}

TEST(PrefixSource, ServesTheLoadersBatchesFromAnyStepAndForAnyRank) {
  expect_same_batches({.batch_size = kBatch, .shuffle = true, .drop_last = true, .seed = 3}, 1);
  expect_same_batches({.batch_size = kBatch, .shuffle = true, .seed = 3}, 0, 1, 3);
}

TEST(PrefixSource, ReadsEveryPictureOnceInBatchesOfOneSize) {
  const Toy toy;
  std::vector<int64_t> sizes, done;
  const auto source = toy.loader({.batch_size = kBatch});
  const PrefixTable table = compute_prefixes(
      *source, kExamples, kBatch, kPlenty,
      [&](const View& view) {
        sizes.push_back(view.data.size(0));
        return brightness(view);
      },
      [&](int64_t count) { done.push_back(count); });
  EXPECT_EQ(toy.pictures->reads, kExamples);
  EXPECT_EQ(sizes, (std::vector<int64_t>{kBatch, kBatch, kBatch}));
  EXPECT_EQ(done, (std::vector<int64_t>{8, 16, 21}));
  EXPECT_EQ(table.values.sizes(), (std::vector<int64_t>{kExamples, 3}));
}

TEST(PrefixSource, NamesTheBytesThatItWouldTake) {
  const Toy toy;
  EXPECT_EQ(error_message<std::invalid_argument>([&] { toy.table(/*memory=*/400); }),
            "[finetune] key 'prefix_cache': expected at most 200 bytes, half of the memory; got 252 for 21 "
            "pictures of 12");
  EXPECT_EQ(toy.table(504).values.size(0), kExamples);
  EXPECT_GT(physical_memory(), int64_t{1} << 28);
}

}  // namespace
}  // namespace repbench
