#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "protocols/feature_quality.h"
#include "protocols/features.h"
#include "protocols/stored_features.h"
#include "protocols/view_features.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/protocols/toy_subject.h"

namespace repbench {
namespace {

Record judge(const Json& settings, const Task& task, const Subject& subject = tiny_vit()) {
  return run_protocol("label_free", settings, subject, task).record;
}

bool warns_of(const Record& record, const std::string& what) {
  return std::any_of(record.warnings.begin(), record.warnings.end(),
                     [&](const std::string& warning) { return contains(warning, what); });
}

TEST(LabelFree, MeasuresTheExtractedFeatures) {
  const Task task = toy_task(8, 60);
  const Subject subject = tiny_vit();
  const Record record = judge({{"tap", "mean"}, {"lidar_views", 3}}, task, subject);
  const std::vector<std::string> taps = {"mean"};
  const at::Tensor features =
      extract_features(subject, task.test, task.test_examples, task.view, taps, {}).by_tap.at("mean");
  EXPECT_EQ(record.headline().name, "rankme");
  EXPECT_DOUBLE_EQ(record.headline().value, rankme(features));
  EXPECT_DOUBLE_EQ(record.find("uniformity")->value, uniformity(features));
  EXPECT_DOUBLE_EQ(record.find("feature_std")->value, feature_std(features));
  EXPECT_EQ(record.headline().n, 60);
  EXPECT_EQ(record.resolved["tap"], "mean");
  EXPECT_PRED2(contains, record.resolved["views"].get<std::string>(), "crop:8:0.2:1:bicubic+flip:0.5+jitter");
  ASSERT_NE(record.find("lidar"), nullptr);
  EXPECT_GT(record.find("alignment")->value, 0);
  EXPECT_FALSE(warns_of(record, "min(pictures, width)"));
}

TEST(LabelFree, WarnsWherePicturesBoundTheRank) {
  const Record record = judge({{"lidar_views", 2}}, toy_task(8, 12));
  EXPECT_TRUE(warns_of(record, "12 pictures bound it, not the 16 dimensions"));
  EXPECT_TRUE(warns_of(record, "lidar is below the number of pictures"));
  EXPECT_LE(record.headline().value, 12.001);
}

TEST(LabelFree, TakesAsManyPicturesForViewsAsToldOrNone) {
  const Record some = judge({{"lidar_views", 2}, {"lidar_pictures", 20}}, toy_task(8, 60));
  EXPECT_EQ(some.find("alignment")->n, 20);
  EXPECT_EQ(some.outcomes->tables[0].ids.size(), 20U);
  const Record none = judge({{"lidar_views", 0}}, toy_task(8, 60));
  EXPECT_EQ(none.find("alignment"), nullptr);
  EXPECT_FALSE(none.outcomes.has_value());
}

TEST(LabelFree, OfAFileOfFeaturesDoesWithoutViews) {
  const ScratchFolder folder;
  save_tensors(folder / "rows.safetensors", {{"features", at::randn({30, 6})}});
  const Subject subject = feature_subject(folder / "rows.safetensors");
  Task task;
  task.train = task.test =
      std::make_shared<FeatureRows>(subject.features, subject.features->rows_of_split("test"), "all rows");
  task.test_examples = all_examples(*task.test);
  const Record record = judge(Json::object(), task, subject);
  EXPECT_DOUBLE_EQ(record.headline().value, rankme(subject.features->features));
  EXPECT_EQ(record.find("lidar"), nullptr);
  EXPECT_TRUE(warns_of(record, "without alignment and lidar"));
}

TEST(LabelFree, BadSettingsAreRefused) {
  const auto message = [](const Json& settings, int64_t pictures) {
    return error_message<std::invalid_argument>([&] { judge(settings, toy_task(8, pictures)); });
  };
  EXPECT_PRED2(contains, message({{"views", "small_eval:8"}}, 12),
               "key 'views': expected a view with chance");
  EXPECT_PRED2(contains, message({{"lidar_views", 1}}, 12), "expected 0, or at least two; got 1");
  EXPECT_PRED2(contains, message(Json::object(), 1), "expected at least two pictures; got 1");
}

TEST(ViewFeatures, DrawEachViewByItsNumberWhateverTheBatch) {
  const Task task = toy_task(8, 12);
  const Subject subject = tiny_vit();
  const auto features = [&](int64_t batch, int workers, int64_t count) {
    ProtocolContext context;
    context.batch_size = batch;
    context.workers = workers;
    return view_features(*subject.encoder, task.test, task.test_examples, "crop:8:0.2:1", count, "cls",
                         context);
  };
  const at::Tensor three = features(5, 1, 3);
  EXPECT_EQ(three.sizes(), (std::vector<int64_t>{12, 3, 16}));
  EXPECT_TRUE(at::allclose(three, features(12, 2, 3), 1e-5, 1e-6));
  EXPECT_TRUE(at::equal(three.narrow(1, 0, 2), features(5, 1, 2)));
  EXPECT_FALSE(at::allclose(three.select(1, 0), three.select(1, 1), 1e-3, 1e-3));
}

}  // namespace
}  // namespace repbench
