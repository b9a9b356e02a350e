#include "protocols/text_features.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/protocols/toy_clip.h"

namespace repbench {
namespace {

const std::vector<std::string> kTexts = {"a blue square", "red",         "a red circle, a blue square", "a",
                                         "a blue square", "a red square"};

ProtocolContext context_of(int64_t batch_size, const std::filesystem::path& cache = {}) {
  ProtocolContext context;
  context.batch_size = batch_size;
  context.cache = cache;
  return context;
}

/// A real text transformer with a context of so many tokens.
Subject small_clip(int64_t context_length = 32, uint64_t seed = 1) {
  ClipOptions options = tiny_clip_options(/*channels=*/1);
  options.text.context_length = context_length;
  auto clip = std::make_shared<Clip>(options, toy_input(), tiny_tokenizer());
  clip->initialise(seed);
  return subject_of(std::move(clip), "small CLIP");
}

at::Tensor values_of(const Subject& subject, const std::vector<std::string>& texts,
                     const ProtocolContext& context) {
  return extract_text_features(subject, texts, context, "test").values;
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

int64_t texts_read(const Subject& subject) {
  return dynamic_cast<const ToyClip&>(*subject.encoder).text()->read;
}

TEST(TextFeatures, RowsFollowTheTexts) {
  const std::vector<std::string> texts = {"at the bottom left of it", "top left", "at the bottom right",
                                          "nowhere"};
  const at::Tensor values = values_of(toy_clip(), texts, context_of(2));
  EXPECT_TRUE(at::equal(values, at::tensor({0.F, 0.F, 1.F, 0.F, 1.F, 0.F, 0.F, 0.F,  //
                                            0.F, 0.F, 0.F, 1.F, 0.F, 0.F, 0.F, 0.F})
                                    .view({4, 4})));
}

// Cut to the longest of its batch, a text gives what the path through the whole context gives.
TEST(TextFeatures, TextsCutToTheirLengthEqualTheFullPath) {
  const Subject subject = small_clip(77);
  const at::Tensor values = values_of(subject, kTexts, context_of(3));
  for (size_t i = 0; i < kTexts.size(); ++i) {
    const std::vector<int64_t> tokens = encode(*tiny_tokenizer(), kTexts[i], 77, TooLong::refuse);
    const at::Tensor full =
        subject.encoder->text()->features(at::tensor(tokens, at::kLong).view({1, 77}), {});
    EXPECT_LT(largest_difference(values[static_cast<int64_t>(i)], full[0]), 1e-6) << kTexts[i];
  }
}

TEST(TextFeatures, TheSameNumbersForAnyBatchSize) {
  const at::Tensor once = values_of(small_clip(), kTexts, context_of(64));
  EXPECT_LT(largest_difference(once, values_of(small_clip(), kTexts, context_of(4))), 1e-5);
  EXPECT_LT(largest_difference(once, values_of(small_clip(), kTexts, context_of(1))), 1e-5);
}

TEST(TextFeatures, EqualTextsAreEncodedOnceAndGetTheSameBits) {
  const Subject subject = toy_clip();
  values_of(subject, kTexts, context_of(2));
  EXPECT_EQ(texts_read(subject), 5);
  const at::Tensor values = values_of(small_clip(), kTexts, context_of(2));
  EXPECT_TRUE(at::equal(values[0], values[4]));
}

TEST(TextFeatures, TextsThatAreTooLongAreCutAndCounted) {
  const std::vector<std::string> texts = {"top left of everything", "top left of it all", "top left",
                                          "top left of it all"};
  const TextFeatures features =
      extract_text_features(toy_clip(toy_phrases(), /*context_length=*/10), texts, context_of(8), "test");
  EXPECT_EQ(features.cut, 3);
  EXPECT_EQ(features.warning(10), "3 of 4 texts were cut to 10 tokens");
  EXPECT_TRUE(at::equal(features.values[0], at::tensor({1.F, 0.F, 0.F, 0.F}))) << "its beginning is left";
  EXPECT_EQ(TextFeatures{features.values}.warning(10), "");
}

TEST(TextFeatures, ComputingThemLeavesTheEncoderAlone) {
  const Subject subject = small_clip();
  ProtocolContext context = context_of(4);
  context.execution.precision = Precision::bf16;
  const at::Tensor rounded = values_of(subject, kTexts, context);
  EXPECT_EQ(hash_of(subject.encoder->parameters()), subject.sha256);
  const at::Tensor exact = values_of(subject, kTexts, context_of(4));
  EXPECT_LT(largest_difference(rounded, exact), 0.05 * exact.abs().max().item<double>());
}

TEST(TextFeatures, AnEncoderWithoutATextSideIsNamed) {
  EXPECT_EQ(error_message<std::invalid_argument>(
                [] { extract_text_features(tiny_vit(), kTexts, context_of(4), "zero_shot"); }),
            "[zero_shot] expected an encoder with a text side; got vit");
}

TEST(TextFeatures, ATextThatIsNoUtf8IsAnError) {
  const ScratchFolder folder;
  for (const auto& cache : {std::filesystem::path(), folder.path()}) {
    EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] {
                   values_of(toy_clip(), {"good", "bad \xff"}, context_of(4, cache));
                 }),
                 "UTF-8");
  }
}

TEST(TextCache, IsUsedTheSecondTime) {
  const ScratchFolder folder;
  const Subject subject = toy_clip(toy_phrases(), 10);
  const TextFeatures first = extract_text_features(subject, kTexts, context_of(8, folder.path()), "test");
  const TextFeatures second = extract_text_features(subject, kTexts, context_of(2, folder.path()), "test");
  EXPECT_EQ(texts_read(subject), 5);
  EXPECT_TRUE(at::equal(first.values, second.values));
  EXPECT_EQ(first.cut, second.cut);
  EXPECT_GT(first.cut, 0);
}

TEST(TextCache, KnowsWeightsTextsAndPrecision) {
  const ScratchFolder folder;
  const auto entries = [&] {
    int64_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path())) ++count;
    return count;
  };
  ProtocolContext context = context_of(8, folder.path());
  values_of(small_clip(), kTexts, context);
  EXPECT_EQ(entries(), 1);
  values_of(small_clip(32, /*seed=*/2), kTexts, context);
  EXPECT_EQ(entries(), 2) << "weights";
  values_of(small_clip(), {"a", "blue"}, context);
  EXPECT_EQ(entries(), 3) << "texts";
  values_of(small_clip(), {"ablue"}, context);
  EXPECT_EQ(entries(), 4) << "where a text ends";
  context.execution.precision = Precision::bf16;
  values_of(small_clip(), kTexts, context);
  EXPECT_EQ(entries(), 5) << "precision";
  values_of(small_clip(), kTexts, context);
  EXPECT_EQ(entries(), 5) << "the last again";
}

TEST(TextCache, ABrokenFileIsMadeAnewWithAWarning) {
  const ScratchFolder folder;
  const Subject subject = toy_clip();
  const at::Tensor first = values_of(subject, kTexts, context_of(8, folder.path()));
  const auto file = std::filesystem::directory_iterator(folder.path())->path();
  const std::vector<std::function<void()>> damages = {
      [&] { std::filesystem::resize_file(file, 20); },
      [&] {
        save_tensors(file, {{"values", at::zeros({5, 4})}});
      },
      [&] {
        save_tensors(file, {{"values", at::zeros({4, 4})}, {"cut", at::zeros({4}, at::kLong)}});
      }};
  for (const auto& damage : damages) {
    damage();
    testing::internal::CaptureStderr();
    EXPECT_TRUE(at::equal(values_of(subject, kTexts, context_of(8, folder.path())), first));
    EXPECT_PRED2(contains, testing::internal::GetCapturedStderr(), "warning: ");
  }
  EXPECT_EQ(texts_read(subject), 4 * 5);
}

TEST(UnitRows, HaveLengthOneAndZerosStay) {
  const at::Tensor rows = unit_rows(at::tensor({3.F, 4.F, 0.F, 0.F}).view({2, 2}));
  EXPECT_TRUE(at::allclose(rows, at::tensor({0.6F, 0.8F, 0.F, 0.F}).view({2, 2})));
}

}  // namespace
}  // namespace repbench
