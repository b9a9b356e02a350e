#include "datasets/loader.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <stdexcept>
#include <thread>

#include "files/atomic.h"
#include "tests/datasets/golden.h"
#include "tests/datasets/toy_dataset.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

constexpr int64_t kExamples = 43;

Views views_of(std::initializer_list<const char*> specifications) {
  Views views;
  for (const char* specification : specifications) views.push_back(make_view(specification));
  return views;
}

std::unique_ptr<BatchSource> loader_of(std::shared_ptr<const Dataset> dataset, const LoaderOptions& options) {
  IndexList all = all_examples(*dataset);
  return make_loader(std::move(dataset), std::move(all), views_of({"mae_train:8", "small_train:6:1"}),
                     options);
}

LoaderOptions shuffled(int workers = 1) {
  LoaderOptions options;
  options.batch_size = 10;
  options.workers = workers;
  options.shuffle = true;
  options.seed = 4;
  return options;
}

std::vector<Batch> rest_of_epoch(BatchSource& source) {
  std::vector<Batch> batches;
  while (auto batch = source.next()) batches.push_back(std::move(*batch));
  return batches;
}

std::vector<Batch> epoch_of(BatchSource& source, int64_t epoch, int64_t step = 0) {
  source.begin(epoch, step);
  return rest_of_epoch(source);
}

void expect_equal(const Batch& a, const Batch& b) {
  EXPECT_EQ(a.indices, b.indices);
  EXPECT_EQ(a.keys, b.keys);
  EXPECT_EQ(a.epoch, b.epoch);
  EXPECT_TRUE(at::equal(a.labels, b.labels));
  ASSERT_EQ(a.views.size(), b.views.size());
  for (size_t v = 0; v < a.views.size(); ++v) EXPECT_TRUE(at::equal(a.views[v].data, b.views[v].data));
}

void expect_equal(const std::vector<Batch>& a, const std::vector<Batch>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) expect_equal(a[i], b[i]);
}

TEST(Loader, GivesTensorsOfTheDeclaredShapeAndType) {
  const auto source = loader_of(ToyDataset::of(kExamples, 5), shuffled());
  const Batch batch = epoch_of(*source, 3).front();
  ASSERT_EQ(batch.views.size(), 2u);
  EXPECT_EQ(batch.views[0].data.sizes(), (std::vector<int64_t>{10, 8, 8, 1}));
  EXPECT_EQ(batch.views[1].data.sizes(), (std::vector<int64_t>{10, 6, 6, 1}));
  EXPECT_EQ(batch.views[0].data.scalar_type(), at::kByte);
  EXPECT_EQ(batch.views[0].axes, Axes::BHWC);
  EXPECT_EQ(batch.labels.scalar_type(), at::kLong);
  EXPECT_EQ(batch.size(), 10);
  EXPECT_EQ(batch.epoch, 3);
  EXPECT_FALSE(batch.tokens.defined());
  for (int64_t i = 0; i < batch.size(); ++i) {
    EXPECT_EQ(batch.labels[i].item<int64_t>(), batch.indices[i] % 5);
    EXPECT_EQ(batch.keys[i], hash64(fmt::format("toy/{}", batch.indices[i])));
  }
}

TEST(Loader, DrawsEveryViewAnew) {
  const auto dataset = ToyDataset::of(4, 2);
  LoaderOptions options = shuffled();
  options.channels = 3;
  IndexList all = all_examples(*dataset);
  const auto source = make_loader(dataset, all, views_of({"mae_train:8", "mae_train:8"}), options);
  const Batch batch = epoch_of(*source, 2).front();
  for (int64_t i = 0; i < 4; ++i) {
    RandomStream stream(options.seed, Purpose::view, 2, batch.keys[i]);
    std::vector<uint8_t> expected(batch.views[0].data[i].numel());
    make_view("mae_train:8")->apply(pixels(dataset->get(batch.indices[i]), 3), stream, expected);
    const uint8_t* got = batch.views[0].data[i].const_data_ptr<uint8_t>();
    EXPECT_EQ(std::vector<uint8_t>(got, got + expected.size()), expected);
  }
  EXPECT_FALSE(at::equal(batch.views[0].data, batch.views[1].data)) << "the second view draws other numbers";
}

TEST(Loader, GivesTheSameBatchesWhetherPartsOrWholePicturesAreDecoded) {
  const ScratchFolder folder;
  for (const std::string name : {"420.jpg", "orientation.jpg", "cmyk.jpg", "palette.png"})
    write_file_atomically(folder / "train/a" / name, read_file(golden_folder() / "jpeg" / name));
  const std::shared_ptr<const Dataset> dataset =
      open_dataset({"image_folder", folder.path().string()}, "train");
  LoaderOptions options = shuffled();
  const auto whole = loader_of(dataset, options);
  options.regions = true;
  const auto parts = loader_of(dataset, options);
  for (const int64_t epoch : {0, 1, 2}) expect_equal(epoch_of(*whole, epoch), epoch_of(*parts, epoch));
}

TEST(Loader, VisitsEveryExampleOnceAndInOrderUnlessShuffled) {
  LoaderOptions options = shuffled(2);
  std::vector<int64_t> order;
  for (const Batch& batch : epoch_of(*loader_of(ToyDataset::of(kExamples, 5), options), 0)) {
    order.insert(order.end(), batch.indices.begin(), batch.indices.end());
  }
  EXPECT_EQ(order.size(), static_cast<size_t>(kExamples));
  EXPECT_EQ(std::set<int64_t>(order.begin(), order.end()).size(), static_cast<size_t>(kExamples));
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));

  options.shuffle = false;
  std::vector<int64_t> plain;
  for (const Batch& batch : epoch_of(*loader_of(ToyDataset::of(kExamples, 5), options), 0)) {
    plain.insert(plain.end(), batch.indices.begin(), batch.indices.end());
  }
  EXPECT_TRUE(std::is_sorted(plain.begin(), plain.end()));
}

TEST(Loader, GivesTheSameBatchesForAnyNumberOfWorkers) {
  const auto one = loader_of(ToyDataset::of(kExamples, 5), shuffled(1));
  for (const int workers : {2, 4, 9}) {
    const auto many = loader_of(ToyDataset::of(kExamples, 5), shuffled(workers));
    for (const int64_t epoch : {0, 1, 7}) expect_equal(epoch_of(*one, epoch), epoch_of(*many, epoch));
  }
}

TEST(Loader, ShufflesAndDrawsAnewInEveryEpoch) {
  const auto source = loader_of(ToyDataset::of(kExamples, 5), shuffled());
  const auto first = epoch_of(*source, 0), second = epoch_of(*source, 1);
  EXPECT_NE(first[0].indices, second[0].indices);
  LoaderOptions options = shuffled();
  options.shuffle = false;
  const auto plain = loader_of(ToyDataset::of(kExamples, 5), options);
  EXPECT_FALSE(at::equal(epoch_of(*plain, 0)[0].views[0].data, epoch_of(*plain, 1)[0].views[0].data));
}

TEST(Loader, RestartsAtAnyStep) {
  const auto whole = epoch_of(*loader_of(ToyDataset::of(kExamples, 5), shuffled(2)), 3);
  const auto source = loader_of(ToyDataset::of(kExamples, 5), shuffled(3));
  for (int64_t step = 0; step <= 5; ++step) {
    const auto rest = epoch_of(*source, 3, step);
    expect_equal(rest, std::vector<Batch>(whole.begin() + step, whole.end()));
  }
  EXPECT_THROW(source->begin(3, 6), std::invalid_argument);
  EXPECT_THROW(source->begin(-1), std::invalid_argument);
}

TEST(Loader, StartsAnewWhileItsWorkersAreBusy) {
  const auto dataset = ToyDataset::of(kExamples, 5);
  dataset->before_get = [](int64_t) { std::this_thread::sleep_for(std::chrono::microseconds(200)); };
  const auto expected = epoch_of(*loader_of(ToyDataset::of(kExamples, 5), shuffled()), 2);
  const auto source = loader_of(dataset, shuffled(3));
  for (int i = 0; i < 20; ++i) {
    source->begin(i);
    if (i % 2) source->next();
  }
  expect_equal(epoch_of(*source, 2), expected);
}

TEST(Loader, DividesEveryBatchAmongTheRanks) {
  const auto whole = epoch_of(*loader_of(ToyDataset::of(kExamples, 5), shuffled()), 1);
  for (const int world : {2, 3, 4}) {
    std::vector<std::vector<Batch>> shares;
    for (int rank = 0; rank < world; ++rank) {
      const auto source = loader_of(ToyDataset::of(kExamples, 5), shuffled(2));
      source->begin(1, 0, rank, world);
      shares.push_back(rest_of_epoch(*source));
      ASSERT_EQ(shares.back().size(), whole.size());
    }
    for (size_t step = 0; step < whole.size(); ++step) {
      std::vector<int64_t> joined;
      std::vector<at::Tensor> pixels;
      int64_t least = kExamples, most = 0;
      for (const auto& share : shares) {
        const Batch& batch = share[step];
        joined.insert(joined.end(), batch.indices.begin(), batch.indices.end());
        pixels.push_back(batch.views[0].data);
        least = std::min(least, batch.size());
        most = std::max(most, batch.size());
      }
      EXPECT_EQ(joined, whole[step].indices);
      EXPECT_TRUE(at::equal(at::cat(pixels), whole[step].views[0].data));
      EXPECT_LE(most - least, 1);
    }
  }
}

TEST(Loader, DropsTheShortBatchIfAsked) {
  LoaderOptions options = shuffled();
  EXPECT_EQ(loader_of(ToyDataset::of(kExamples, 5), options)->batches_per_epoch(), 5);
  options.drop_last = true;
  const auto source = loader_of(ToyDataset::of(kExamples, 5), options);
  EXPECT_EQ(source->batches_per_epoch(), 4);
  for (const Batch& batch : epoch_of(*source, 0)) EXPECT_EQ(batch.size(), 10);
}

TEST(Loader, RethrowsAWorkersErrorInItsPlaceWithTheExamplesName) {
  const auto dataset = ToyDataset::of(kExamples, 5);
  dataset->before_get = [](int64_t index) {
    if (index == 25) throw std::runtime_error("the disk is gone");
  };
  LoaderOptions options = shuffled(3);
  options.shuffle = false;
  const auto source = loader_of(dataset, options);
  source->begin(0);
  EXPECT_EQ(source->next()->indices.front(), 0);
  EXPECT_EQ(source->next()->indices.front(), 10);
  EXPECT_EQ(error_message<std::runtime_error>([&] { source->next(); }), "[loader] toy/25: the disk is gone");
  EXPECT_EQ(source->next()->indices.front(), 30);
}

TEST(Loader, RunsAheadNoFurtherThanItMay) {
  const auto dataset = ToyDataset::of(400, 5);
  std::atomic<int64_t> furthest = 0;
  dataset->before_get = [&](int64_t index) {
    for (int64_t seen = furthest; seen < index && !furthest.compare_exchange_weak(seen, index);) continue;
  };
  LoaderOptions options = shuffled(2);
  options.shuffle = false;
  options.prefetch = 3;
  const auto source = loader_of(dataset, options);
  source->begin(0);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_LE(furthest, 29);
  source->next();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_LE(furthest, 39);
}

TEST(Loader, CountsTheSecondsThatItMadeOthersWait) {
  const auto dataset = ToyDataset::of(20, 5);
  dataset->before_get = [](int64_t) { std::this_thread::sleep_for(std::chrono::milliseconds(5)); };
  const auto slow = loader_of(dataset, shuffled());
  EXPECT_EQ(slow->statistics().waited, 0.0);
  epoch_of(*slow, 0);
  const SourceStatistics statistics = slow->statistics();
  EXPECT_GT(statistics.waited, 0.09);
  EXPECT_GT(statistics.read, 0.09);
  EXPECT_GT(statistics.view, 0.0);
  EXPECT_EQ(statistics.pictures, 20);
}

// A data set of a thousand, of which some cannot be read.
std::shared_ptr<ToyDataset> broken_at(std::set<int64_t> indices) {
  const auto dataset = ToyDataset::of(1000, 5);
  dataset->before_get = [indices = std::move(indices)](int64_t index) {
    if (indices.contains(index)) throw std::runtime_error("cut short");
  };
  return dataset;
}

TEST(Loader, ReplacesAndNamesBrokenPicturesAsFarAsTheyAreTolerated) {
  LoaderOptions options = shuffled(1);
  options.tolerate_broken = 0.002;
  const auto one = loader_of(broken_at({7, 500}), options);
  options.workers = 3;
  const auto three = loader_of(broken_at({7, 500}), options);
  for (const int64_t epoch : {0, 1}) {
    const std::vector<Batch> batches = epoch_of(*one, epoch);
    expect_equal(batches, epoch_of(*three, epoch));
    std::vector<int64_t> seen;
    for (const Batch& batch : batches) {
      seen.insert(seen.end(), batch.indices.begin(), batch.indices.end());
      for (int64_t i = 0; i < batch.size(); ++i) {
        EXPECT_EQ(batch.keys[i], hash64(fmt::format("toy/{}", batch.indices[i])));
        EXPECT_EQ(batch.labels[i].item<int64_t>(), batch.indices[i] % 5);
      }
    }
    EXPECT_EQ(seen.size(), 1000U);
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 7) + std::count(seen.begin(), seen.end(), 500), 0);
    EXPECT_GE(std::set<int64_t>(seen.begin(), seen.end()).size(), 996U);
  }
  std::vector<std::string> broken = one->statistics().broken_pictures;
  std::sort(broken.begin(), broken.end());
  EXPECT_EQ(broken, (std::vector<std::string>{"[loader] toy/500: cut short", "[loader] toy/7: cut short"}));
}

TEST(Loader, StopsWhenMorePicturesAreBrokenThanTolerated) {
  LoaderOptions options = shuffled();
  options.tolerate_broken = 0.002;
  const auto source = loader_of(broken_at({7, 8, 9}), options);
  const std::string message = error_message<std::runtime_error>([&] { epoch_of(*source, 0); });
  EXPECT_PRED2(contains, message,
               "expected at most 2 broken pictures (0.2 % of 1000); got 3, the last: [loader] toy/");
  options.tolerate_broken = 0.0009;
  EXPECT_EQ(error_message<std::runtime_error>([&] { epoch_of(*loader_of(broken_at({7}), options), 0); }),
            "[loader] toy/7: cut short (tolerated are 0.09 % of the 1000 pictures, which is none)");
}

TEST(Loader, ToleratesNoMistakesOfTheUser) {
  const auto dataset = ToyDataset::of(1000, 5);
  dataset->before_get = [](int64_t index) {
    if (index == 7) throw std::invalid_argument("[captions] toy/7: expected captions");
  };
  LoaderOptions options = shuffled();
  options.tolerate_broken = 0.5;
  EXPECT_THROW(epoch_of(*loader_of(dataset, options), 0), std::invalid_argument);
}

TEST(Loader, StopsQuicklyWhenItIsDestroyed) {
  const auto dataset = ToyDataset::of(100'000, 5);
  dataset->before_get = [](int64_t) { std::this_thread::sleep_for(std::chrono::milliseconds(2)); };
  LoaderOptions options = shuffled(2);
  options.batch_size = 50'000;
  auto source = loader_of(dataset, options);
  source->begin(0);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const auto start = std::chrono::steady_clock::now();
  source.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

TEST(Loader, RefusesImpossibleOptions) {
  const auto refusal = [](auto change, int64_t examples = kExamples) {
    LoaderOptions options = shuffled();
    change(options);
    return error_message<std::invalid_argument>([&] { loader_of(ToyDataset::of(examples, 5), options); });
  };
  EXPECT_PRED2(contains, refusal([](auto& o) { o.batch_size = 0; }), "a batch size of at least 1; got 0");
  EXPECT_PRED2(contains, refusal([](auto& o) { o.workers = 0; }), "at least 1 worker; got 0");
  EXPECT_PRED2(contains, refusal([](auto& o) { o.prefetch = 0; }), "prefetch; got 0");
  EXPECT_PRED2(contains, refusal([](auto& o) { o.channels = 2; }), "1 or 3 channels; got 2");
  EXPECT_PRED2(contains, refusal([](auto&) {}, 0), "enough examples for one batch; got 0");
  EXPECT_PRED2(contains, refusal([](auto& o) { o.drop_last = true; }, 9),
               "enough examples for one batch; got 9");
}

TEST(Loader, RefusesToDeliverBeforeItHasBegun) {
  const auto source = loader_of(ToyDataset::of(kExamples, 5), shuffled());
  EXPECT_THROW(source->next(), std::logic_error);
  EXPECT_THROW(source->begin(0, 0, 2, 2), std::invalid_argument);
}

}  // namespace
}  // namespace repbench
