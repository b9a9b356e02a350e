#include "protocols/features.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/protocols/toy_subject.h"

namespace repbench {
namespace {

const std::vector<std::string> kTaps = {"mean", "cls", "block:0:cls+mean"};

ProtocolContext context_of(int64_t batch_size, int workers = 1, const std::filesystem::path& cache = {}) {
  ProtocolContext context;
  context.batch_size = batch_size;
  context.workers = workers;
  context.cache = cache;
  return context;
}

FeatureSet extract(const Subject& subject, const Task& task, const ProtocolContext& context,
                   const std::vector<std::string>& taps = kTaps) {
  return extract_features(subject, task.train, task.train_examples, task.view, taps, context);
}

void expect_same(const FeatureSet& a, const FeatureSet& b) {
  EXPECT_EQ(a.ids, b.ids);
  EXPECT_TRUE(at::equal(a.labels, b.labels));
  ASSERT_EQ(a.by_tap.size(), b.by_tap.size());
  for (const auto& [tap, values] : a.by_tap) EXPECT_TRUE(at::equal(values, b.by_tap.at(tap))) << tap;
}

double largest_difference(const FeatureSet& a, const FeatureSet& b) {
  double largest = 0;
  for (const auto& [tap, values] : a.by_tap) {
    largest = std::max(largest, (values - b.by_tap.at(tap)).abs().max().item<double>());
  }
  return largest;
}

TEST(Features, EveryPictureIsReadOnceForAllTaps) {
  const Task task = toy_task(30, 4);
  const FeatureSet features = extract(tiny_vit(), task, context_of(8));
  EXPECT_EQ(reads_of(task), 30);
  ASSERT_EQ(features.by_tap.size(), 3U);
  EXPECT_EQ(features.by_tap.at("mean").sizes(), (at::IntArrayRef{30, 16}));
  EXPECT_EQ(features.by_tap.at("block:0:cls+mean").sizes(), (at::IntArrayRef{30, 32}));
  EXPECT_EQ(features.by_tap.at("cls").scalar_type(), at::kFloat);
}

TEST(Features, RowsFollowTheExamples) {
  const auto data = std::make_shared<ToyPictures>("train", 30);
  IndexList chosen{{3, 4, 11, 29}, "some"};
  const Subject subject = tiny_vit();
  const FeatureSet features =
      compute_features(*subject.encoder, data, chosen, "small_eval:8", kTaps, context_of(3, 2));
  EXPECT_EQ(features.ids, (std::vector<std::string>{"train/3", "train/4", "train/11", "train/29"}));
  EXPECT_TRUE(at::equal(features.labels, at::tensor({3, 0, 3, 1}, at::kLong)));
  for (int64_t row = 0; row < 4; ++row) {
    const Image image = pixels(data->get(chosen.indices[static_cast<size_t>(row)]), 1);
    const at::Tensor bytes = at::tensor(at::ArrayRef<uint8_t>(image.pixels), at::kByte).view({1, 8, 8, 1});
    const auto alone = subject.encoder->features(subject.encoder->ingest({bytes, Axes::BHWC}), kTaps, {});
    EXPECT_TRUE(at::allclose(alone.at("mean")[0], features.by_tap.at("mean")[row], 1e-5, 1e-6)) << row;
  }
}

TEST(Features, TheSameBitsForAnyNumberOfWorkers) {
  const Task task = toy_task(50, 4);
  expect_same(extract(tiny_vit(), task, context_of(8, 1)), extract(tiny_vit(), task, context_of(8, 4)));
}

// A matrix product of another height may add in another order, so not the same bits.
TEST(Features, TheSameNumbersForAnyBatchSize) {
  const Task task = toy_task(50, 4);
  const FeatureSet once = extract(tiny_vit(), task, context_of(64));
  EXPECT_LT(largest_difference(once, extract(tiny_vit(), task, context_of(7))), 1e-5);
  EXPECT_LT(largest_difference(once, extract(tiny_vit(), task, context_of(1))), 1e-5);
}

TEST(Features, ComputingThemLeavesTheEncoderAlone) {
  const Subject subject = tiny_vit();
  ProtocolContext context = context_of(8);
  context.execution.precision = Precision::bf16;
  extract(subject, toy_task(8, 4), context);
  EXPECT_EQ(hash_of(subject.encoder->parameters()), subject.sha256);
}

TEST(FeatureCache, IsUsedTheSecondTime) {
  const ScratchFolder folder;
  const Task task = toy_task(30, 4);
  const FeatureSet first = extract(tiny_vit(), task, context_of(8, 1, folder.path()));
  const FeatureSet second = extract(tiny_vit(), task, context_of(16, 2, folder.path()));
  EXPECT_EQ(reads_of(task), 30);
  expect_same(first, second);
}

TEST(FeatureCache, KnowsWeightsTapsViewSplitAndPrecision) {
  const ScratchFolder folder;
  const ProtocolContext context = context_of(8, 1, folder.path());
  const Task task = toy_task(30, 20);
  int64_t expected = 0;
  const auto expect_extraction = [&](const std::string& what, int64_t examples) {
    expected += examples;
    EXPECT_EQ(reads_of(task), expected) << what;
  };
  extract(tiny_vit(), task, context);
  expect_extraction("first", 30);
  extract(tiny_vit(2, /*seed=*/1), task, context);
  expect_extraction("weights", 30);
  extract(tiny_vit(), task, context, {"cls"});
  expect_extraction("taps", 30);
  extract_features(tiny_vit(), task.train, task.train_examples, "eval:8:4", kTaps, context);
  expect_extraction("view", 30);
  extract_features(tiny_vit(), task.train, draw_examples(*task.train, task.train_examples, 12, 0), task.view,
                   kTaps, context);
  expect_extraction("examples", 12);
  extract_features(tiny_vit(), task.test, task.test_examples, task.view, kTaps, context);
  expect_extraction("split", 20);
  ProtocolContext half = context;
  half.execution.precision = Precision::bf16;
  extract(tiny_vit(), task, half);
  expect_extraction("precision", 30);
  extract(tiny_vit(), task, context);
  expect_extraction("the first again", 0);
}

TEST(FeatureCache, KnowsTheDataEvenUnderTheSameIds) {
  const ScratchFolder folder;
  const ProtocolContext context = context_of(8, 1, folder.path());
  const Task task = toy_task(12, 4), other = toy_task(12, 4, /*shuffled=*/true);
  extract(tiny_vit(), task, context);
  EXPECT_TRUE(at::equal(extract(tiny_vit(), other, context).labels,
                        extract(tiny_vit(), other, context_of(8)).labels));
  EXPECT_EQ(reads_of(other), 24);
}

std::filesystem::path only_file(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  EXPECT_EQ(files.size(), 1U);
  return files.at(0);
}

void expect_made_anew(const std::function<void(const std::filesystem::path&)>& damage) {
  const ScratchFolder folder;
  const ProtocolContext context = context_of(8, 1, folder.path());
  const Task task = toy_task(12, 4);
  const FeatureSet first = extract(tiny_vit(), task, context);
  const std::filesystem::path file = only_file(folder.path());
  damage(file);
  testing::internal::CaptureStderr();
  const FeatureSet second = extract(tiny_vit(), task, context);
  const std::string warning = testing::internal::GetCapturedStderr();
  EXPECT_PRED2(contains, warning, "warning: ");
  EXPECT_PRED2(contains, warning, file.string());
  EXPECT_EQ(reads_of(task), 24);
  expect_same(first, second);
  extract(tiny_vit(), task, context);
  EXPECT_EQ(reads_of(task), 24) << "the file was not written anew";
}

TEST(FeatureCache, ATruncatedFileIsMadeAnewWithAWarning) {
  expect_made_anew([](const auto& file) { std::filesystem::resize_file(file, 100); });
}

TEST(FeatureCache, AnEmptyFileIsMadeAnewWithAWarning) {
  expect_made_anew([](const auto& file) { std::filesystem::resize_file(file, 0); });
}

TEST(FeatureCache, AFileWithoutATapIsMadeAnewWithAWarning) {
  expect_made_anew([](const auto& file) { save_tensors(file, {{"cls", at::zeros({12, 16})}}); });
}

TEST(FeatureCache, AFileOfFewerRowsIsMadeAnewWithAWarning) {
  expect_made_anew([](const auto& file) {
    NamedTensors short_ones;
    for (const std::string& tap : kTaps) short_ones.push_back({tap, at::zeros({11, 16})});
    save_tensors(file, short_ones);
  });
}

TEST(Standardiser, GivesZeroMeanAndUnitDeviation) {
  const at::Tensor x = at::arange(12, at::kFloat).view({6, 2}).square() + 1000;
  const at::Tensor z = Standardiser::fit(x).apply(x);
  EXPECT_LT(z.mean(0).abs().max().item<double>(), 1e-4);
  EXPECT_TRUE(at::allclose(z.var(0, /*unbiased=*/false), at::ones(2), 1e-3, 1e-3));
}

TEST(Standardiser, LeavesConstantColumnsAtZero) {
  at::Tensor x = at::rand({1000, 4});
  const std::vector<float> constants = {0.1F, 0.0F, 1.0e6F, -12345.678F};
  for (int64_t column = 0; column < 4; ++column)
    x.select(1, column).fill_(constants[static_cast<size_t>(column)]);
  const Standardiser standardiser = Standardiser::fit(x);
  EXPECT_TRUE(at::equal(standardiser.apply(x), at::zeros_like(x)));
  EXPECT_TRUE(at::equal(standardiser.apply(x + 1.0), at::zeros_like(x)))
      << "an unseen value of such a column";
}

TEST(SelectionSplit, IsStratifiedAndCoversEveryRowOnce) {
  const auto data = std::make_shared<ToyPictures>("train", 100);
  const IndexList chosen = draw_examples(*data, all_examples(*data), 40, 3);
  const SelectionSplit split = selection_split(*data, chosen, 0.25, 7);
  EXPECT_EQ(split.held_out.size(), 10U);
  std::vector<int64_t> rows = split.kept;
  rows.insert(rows.end(), split.held_out.begin(), split.held_out.end());
  std::sort(rows.begin(), rows.end());
  for (int64_t row = 0; row < 40; ++row) EXPECT_EQ(rows.at(static_cast<size_t>(row)), row);
  std::vector<int64_t> held(ToyPictures::kClasses);
  for (const int64_t row : split.held_out) {
    ++held[static_cast<size_t>(data->label(chosen.indices[static_cast<size_t>(row)]))];
  }
  for (const int64_t count : held) EXPECT_GE(count, 2);
}

}  // namespace
}  // namespace repbench
