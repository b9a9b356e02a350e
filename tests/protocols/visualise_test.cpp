#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/files/error_message.h"
#include "tests/pretrain/tiny_clip.h"
#include "tests/protocols/toy_subject.h"

namespace repbench {
namespace {

/// Toy pictures that say what they are.
class CaptionedPictures final : public Dataset {
 public:
  explicit CaptionedPictures(int64_t size) : pictures_("test", size) {}

  std::string name() const override { return "captioned"; }
  std::string split() const override { return "test"; }
  int64_t size() const override { return pictures_.size(); }
  int channels() const override { return 1; }
  std::string id(int64_t index) const override { return pictures_.id(index); }
  int64_t label(int64_t index) const override { return pictures_.label(index); }
  const std::vector<std::string>& class_names() const override { return pictures_.class_names(); }
  const Provenance& provenance() const override { return pictures_.provenance(); }
  Example get(int64_t index) const override {
    Example example = pictures_.get(index);
    example.captions = {class_names()[static_cast<size_t>(label(index))]};
    return example;
  }

 private:
  ToyPictures pictures_;
};

/// Toy pictures that nobody wrote about.
class SilentPictures final : public ToyPictures {
 public:
  using ToyPictures::ToyPictures;
  std::vector<std::string> captions(int64_t) const override { return {}; }
  Example get(int64_t index) const override {
    Example example = ToyPictures::get(index);
    example.captions.clear();
    return example;
  }
};

Task captioned_task() {
  Task task = toy_task(8, 40);
  task.test = std::make_shared<CaptionedPictures>(40);
  task.test_examples = all_examples(*task.test);
  return task;
}

Subject tiny_clip_subject() {
  auto clip = std::make_shared<Clip>(tiny_clip_options(1), toy_input(), tiny_tokenizer());
  clip->initialise(3);
  return subject_of(std::move(clip), "tiny CLIP");
}

/// Looks at one of four patches, or at all alike.
class Staring final : public Encoder {
 public:
  explicit Staring(int64_t patch) : patch_(patch) {}

  std::string kind() const override { return "staring"; }
  Json config() const override { return Json::object(); }
  const InputSpec& input() const override { return input_; }
  const std::vector<Stage>& stages() const override { return stages_; }
  at::Tensor forward(at::Tensor x, int64_t, int64_t, const StageContext&) const override { return x; }
  std::map<std::string, at::Tensor> features(const at::Tensor& images, std::span<const std::string>,
                                             const StageContext&) const override {
    at::Tensor attention = at::zeros({images.size(0), 2, 5, 5});
    attention.select(3, 0).fill_(0.5);  // to the class token itself: not a patch
    if (patch_ < 0) {
      attention.narrow(3, 1, 4).fill_(0.125);
    } else {
      attention.select(3, 1 + patch_).fill_(0.5);
    }
    return {{"attention", attention}};
  }
  std::vector<std::string> default_taps() const override { return {}; }
  int64_t macs(int64_t, int64_t, int64_t) const override { return 0; }
  std::unique_ptr<Encoder> clone() const override { return std::make_unique<Staring>(*this); }
  void initialise(uint64_t) override {}

 private:
  int64_t patch_;
  InputSpec input_ = toy_input();
  std::vector<Stage> stages_;
};

ProtocolResult run(const Subject& subject, const Task& task, const Json& settings = Json::object(),
                   int64_t batch_size = 256) {
  ProtocolContext context;
  context.batch_size = batch_size;
  return run_protocol("visualise", settings, subject, task, context);
}

ProtocolResult stare(int64_t patch) {
  return run(subject_of(std::make_shared<Staring>(patch), "staring"), toy_task(4, 12));
}

TEST(Visualise, RefusesAnEncoderWithoutAttention) {
  EXPECT_THROW(run(raw_pixels(), toy_task(4, 12)), std::invalid_argument);
}

TEST(Visualise, MeasuresHowEvenlyTheClassTokenLooks) {
  const Metric even = stare(-1).record.headline(), single = stare(2).record.headline();
  EXPECT_EQ(even.name, "attention_entropy");
  EXPECT_EQ(even.direction, Direction::neither);
  EXPECT_EQ(even.n, 12);
  EXPECT_NEAR(even.value, 1, 1e-6);
  EXPECT_NEAR(single.value, 0, 1e-6);
  const Record record = stare(-1).record;
  const OutcomeTable& pictures = record.outcomes.value().tables.at(0);
  EXPECT_EQ(pictures.ids.size(), 12U);
  EXPECT_EQ(pictures.labels[5], 1);
  for (const double entropy : pictures.columns.at("attention_entropy")) EXPECT_NEAR(entropy, 1, 1e-6);
  EXPECT_EQ(record.outcomes->class_names.size(), 4U);
}

TEST(Visualise, LightsThePatchThatIsLookedAt) {
  const std::vector<Sheet> sheets = stare(2).sheets;
  ASSERT_EQ(sheets.size(), 1U);
  ASSERT_EQ(sheets[0].rows.size(), 8U);
  for (const std::vector<Pixels>& row : sheets[0].rows) {
    ASSERT_EQ(row.size(), 2U);
    EXPECT_EQ(row[0].channels, 1);
    const Pixels& heat = row[1];
    ASSERT_EQ(heat.data.size(), 192U);
    // Red: the lower left corner against the upper right one, the picture itself being noise below 64 / 160.
    EXPECT_GT(heat.data[3 * (8 * 7)], heat.data[3 * 7]);
  }
}

TEST(Visualise, ShowsAsManyPicturesOfEachClass) {
  const ProtocolResult result = run(tiny_vit(), toy_task(4, 40), {{"shown", 4}});
  ASSERT_EQ(result.sheets.at(0).rows.size(), 4U);
  std::set<std::vector<uint8_t>> pictures;
  for (const auto& row : result.sheets[0].rows) pictures.insert(row[0].data);
  EXPECT_EQ(pictures.size(), 4U);
}

TEST(Visualise, ComparesCaptionsWithPictures) {
  const ProtocolResult result = run(tiny_clip_subject(), captioned_task());
  ASSERT_EQ(result.sheets.size(), 3U);
  const Sheet& matrix = result.sheets[1];
  EXPECT_EQ(matrix.columns.size(), 4U) << "each caption once";
  ASSERT_EQ(matrix.rows.size(), 5U) << "the pictures, then a row a caption";
  EXPECT_EQ(matrix.captions[0], "");
  EXPECT_PRED2(contains, matrix.captions[1], "1. ");
  EXPECT_EQ(matrix.rows[0][0].height, 8);
  EXPECT_EQ(matrix.rows[1][0].height, 1);
  EXPECT_EQ(matrix.texts[1].size(), 4U);
}

TEST(Visualise, FindsTheNearestPicturesOfACaption) {
  const ProtocolResult result = run(tiny_clip_subject(), captioned_task(), {{"found", 40}});
  const Sheet& found = result.sheets.at(2);
  ASSERT_EQ(found.rows.size(), 4U);
  EXPECT_EQ(found.columns.size(), 40U);
  for (const std::vector<std::string>& row : found.texts) {
    std::vector<double> cosines;
    int own = 0;
    for (const std::string& text : row) {
      cosines.push_back(std::stod(text));
      own += text.find("✓") != std::string::npos ? 1 : 0;
    }
    EXPECT_TRUE(std::is_sorted(cosines.rbegin(), cosines.rend()));
    EXPECT_EQ(own, 1) << "all pictures are shown, the caption's own among them";
  }
}

TEST(Visualise, HasNoMatrixWithoutCaptionsOrATextSide) {
  Task silent = toy_task(4, 12);
  silent.test = std::make_shared<SilentPictures>("test", 12);
  EXPECT_EQ(run(tiny_clip_subject(), silent).sheets.size(), 1U);
  EXPECT_EQ(run(tiny_vit(), captioned_task()).sheets.size(), 1U);
}

TEST(Visualise, DoesNotDependOnTheBatchSize) {
  const Subject subject = tiny_clip_subject();
  const ProtocolResult one = run(subject, captioned_task()),
                       other = run(subject, captioned_task(), Json::object(), 7);
  EXPECT_NEAR(one.record.headline().value, other.record.headline().value, 1e-5);
  EXPECT_EQ(one.sheets[1].captions, other.sheets[1].captions);
}

}  // namespace
}  // namespace repbench
