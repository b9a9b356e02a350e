#include "suite/feature_task.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "protocols/stored_features.h"
#include "protocols/text_features.h"
#include "protocols/zero_shot_classifier.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/protocols/tap_encoder.h"
#include "tests/protocols/toy_clip.h"

// Features in a file give the numbers of the encoder that they came from.

namespace repbench {
namespace {

class FeatureTasks : public testing::Test {
 protected:
  /// The `projected` features of an encoder as train and test files, as `embed` writes them.
  Subject stored(const NamedTensors& more_of_test = {}) const {
    for (const auto& [name, data, examples] : {std::tuple("train", task_.train, task_.train_examples),
                                               std::tuple("test", task_.test, task_.test_examples)}) {
      const std::vector<std::string> taps = {"projected"};
      const FeatureSet set = compute_features(*clip_.encoder, data, examples, task_.view, taps, {});
      NamedTensors tensors = {{"features", set.by_tap.at("projected")}, {"labels", set.labels}};
      if (name == std::string("test"))
        tensors.insert(tensors.end(), more_of_test.begin(), more_of_test.end());
      save_tensors(folder_ / (std::string(name) + ".safetensors"), tensors,
                   {{"ids", canonical_json(set.ids)}, {"class_names", canonical_json(data->class_names())}});
    }
    return feature_subject(folder_.path(), "stored");
  }

  /// A single file without a split.
  Subject single(int64_t rows, const NamedTensors& more = {}, double scale = 1) const {
    const at::Tensor labels = at::arange(rows, at::kLong).remainder(4);
    NamedTensors tensors = {{"features", scale * at::one_hot(labels, 4).to(at::kFloat)}, {"labels", labels}};
    tensors.insert(tensors.end(), more.begin(), more.end());
    save_tensors(folder_ / "single.safetensors", tensors);
    return feature_subject(folder_ / "single.safetensors");
  }

  static Task open(const Subject& subject, const std::string& protocol, const EvaluateOptions& options = {}) {
    return open_feature_task(subject, find_protocol(protocol), options);
  }
  static Record judge(const Subject& subject, const std::string& protocol,
                      const Json& settings = Json::object()) {
    return run_protocol(protocol, settings, subject, open(subject, protocol)).record;
  }

  /// Metrics, curves and predictions, without what was chosen on the way.
  static Json numbers(const Record& record, const std::string& protocol) {
    Json json = comparable(record, protocol);
    json.erase("resolved");
    return json;
  }

  ScratchFolder folder_;
  Subject clip_ = toy_clip();
  Task task_ = toy_task(96, 40);
};

TEST_F(FeatureTasks, ProbesGiveTheNumbersOfTheEncoder) {
  const Subject file = stored();
  for (const auto& [protocol, own] : std::vector<std::pair<std::string, Json>>{
           {"linear_probe", Json::object()},
           {"linear_probe", {{"classifier", "ridge"}}},
           {"knn", {{"k", {1, 5}}, {"headline_k", 5}}},
           {"few_shot", {{"shots", {1, 4}}, {"seeds", 3}, {"C", {0.1, 1}}, {"prompts", "off"}}}}) {
    Json settings = own;
    const Record from_file = judge(file, protocol, settings);
    settings["taps"] = {"quadrants"};
    const Record from_encoder = run_protocol(protocol, settings, clip_, task_).record;
    EXPECT_EQ(numbers(from_file, protocol), numbers(from_encoder, protocol)) << protocol;
    EXPECT_EQ(from_file.outcomes->tables[0].ids, from_encoder.outcomes->tables[0].ids);
  }
}

TEST_F(FeatureTasks, ClassesPutIntoWordsGiveTheNumbersOfTheEncoder) {
  const ZeroShotClassifier words = make_zero_shot_classifier(clip_, toy_prompts(), *task_.test, {}, "test");
  const Subject file = stored({{"text_features", 7 * words.ensemble}});
  const Record from_file = judge(file, "zero_shot"),
               from_encoder = run_protocol("zero_shot", {{"prompts", toy_prompts()}}, clip_, task_).record;
  EXPECT_EQ(from_file.headline().value, from_encoder.headline().value);
  EXPECT_EQ(from_file.headline().chance, from_encoder.headline().chance);
  EXPECT_EQ(from_file.outcomes->column("prediction"), from_encoder.outcomes->column("prediction"));
  EXPECT_EQ(from_file.resolved.at("text_features_from"), folder_.path().filename().string());
  EXPECT_EQ(from_file.find("accuracy_single_prompt"), nullptr);
  const Json shots = {{"shots", {1, 2}}, {"seeds", 2}};
  EXPECT_EQ(judge(file, "few_shot", shots).find("accuracy_zero_shot")->value, from_file.headline().value);
  for (const Json& refused :
       {Json{{"prompts", "imagenet"}}, Json{{"templates", "single"}}, Json{{"compare", {"imagenet_7"}}}}) {
    EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { judge(file, "zero_shot", refused); }),
                 "with a file of features");
  }
}

TEST_F(FeatureTasks, SomeOfTheClassesCanBeJudged) {
  const Subject subject = single(40, {{"text_features", at::eye(4)}});
  Task task = open(subject, "zero_shot");
  task.test_examples = these_examples(*task.test, {1, 2, 5, 6});
  const Record record = run_protocol("zero_shot", {{"classes", {"1", "2"}}}, subject, task).record;
  EXPECT_DOUBLE_EQ(record.headline().value, 1.0);
  EXPECT_DOUBLE_EQ(record.headline().chance.value(), 0.5);
}

TEST_F(FeatureTasks, GroupsNeedWords) {
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] {
                 judge(single(8), "retrieval", {{"groups", "groups.json"}});
               }),
               "[retrieval] key 'groups': expected none with a file of features");
}

TEST_F(FeatureTasks, PermutedClassTextsAreFound) {
  const Record record = judge(single(40, {{"text_features", at::eye(4).roll(1, 0)}}), "zero_shot");
  EXPECT_DOUBLE_EQ(record.headline().value, 0.0);
  EXPECT_PRED2(warns, record, "class names look permuted");
}

TEST_F(FeatureTasks, RetrievalGivesTheNumbersOfTheEncoder) {
  std::vector<std::string> texts;
  std::vector<int64_t> owner;
  for (int64_t picture = 39; picture >= 0;
       --picture) {  // a picture's texts keep their order, not the pictures
    for (const std::string& text : task_.test->captions(picture)) {
      texts.push_back(text);
      owner.push_back(picture);
    }
  }
  const Subject file = stored({{"text_features", extract_text_features(clip_, texts, {}, "test").values},
                               {"text_owner", at::tensor(owner, at::kLong)}});
  for (const Json& settings : {Json::object(), Json{{"captions_per_picture", 1}, {"candidates", 8}}}) {
    const Record from_file = judge(file, "retrieval", settings),
                 from_encoder = run_protocol("retrieval", settings, clip_, task_).record;
    EXPECT_EQ(comparable(from_file, "retrieval"), comparable(from_encoder, "retrieval"));
    EXPECT_EQ(from_file.outcomes->tables[0].ids, from_encoder.outcomes->tables[0].ids);
  }
}

TEST_F(FeatureTasks, RetrievalPairsRowsWhereNobodySaysWhoseTextsTheyAre) {
  const at::Tensor features = at::eye(12).narrow(1, 0, 4) + 0.5 * at::randn({12, 4});
  save_tensors(folder_ / "pairs.safetensors", {{"features", features}, {"text_features", 2 * features}});
  const Subject pairs = feature_subject(folder_ / "pairs.safetensors");
  const Record record = judge(pairs, "retrieval");
  EXPECT_DOUBLE_EQ(record.headline().value, 1.0);
  EXPECT_EQ(record.headline().n, 12);
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { judge(single(8), "retrieval"); }),
               "expected 'text_features', one a row or with 'text_owner'; got none");
  const Subject lonely =
      single(8, {{"text_features", at::ones({1, 4})}, {"text_owner", at::zeros({1}, at::kLong)}});
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { judge(lonely, "retrieval"); }),
               "got none for '1' of single");
}

TEST_F(FeatureTasks, AllRowsJudgeEachOtherWhereTrainingAndTestAreOne) {
  const Subject subject = single(40);
  EvaluateOptions options;
  options.test_split = "train";
  const Task task = open(subject, "knn", options);
  EXPECT_EQ(task.train_examples.size(), 40);
  EXPECT_EQ(task.test_examples.hash, task.train_examples.hash);
  EXPECT_EQ(feature_task_warning(subject, find_protocol("knn"), options), "");
  const Json settings = {{"leave_one_out", true}, {"k", {1, 9}}, {"headline_k", 9}};
  EXPECT_DOUBLE_EQ(run_protocol("knn", settings, subject, task).record.headline().value, 1.0);
}

TEST_F(FeatureTasks, WithoutASplitAStratifiedPartIsHeldOut) {
  const Subject subject = single(40, {{"text_features", at::eye(4)}});
  EvaluateOptions options;
  options.test_share = 0.3;
  const Task task = open(subject, "knn", options);
  EXPECT_EQ(task.test_examples.size(), 12);
  std::vector<int64_t> all = task.train_examples.indices, of_class(4);
  all.insert(all.end(), task.test_examples.indices.begin(), task.test_examples.indices.end());
  EXPECT_EQ(std::set<int64_t>(all.begin(), all.end()).size(), 40U);
  for (const int64_t row : task.test_examples.indices) ++of_class[static_cast<size_t>(task.test->label(row))];
  EXPECT_EQ(of_class, (std::vector<int64_t>{3, 3, 3, 3}));
  EXPECT_PRED2(contains, feature_task_warning(subject, find_protocol("knn"), options), "30 % of its rows");
  EXPECT_EQ(open(subject, "zero_shot", options).test_examples.size(), 40);
  EXPECT_EQ(feature_task_warning(subject, find_protocol("zero_shot"), options), "");
  options.limit = 8;
  options.train_limit = 4;
  EXPECT_EQ(open(subject, "knn", options).test_examples.size(), 8);
  EXPECT_EQ(open(subject, "knn", options).train_examples.size(), 4);
  options.seed = 1;
  EXPECT_NE(open(subject, "knn", options).test_examples.hash, task.test_examples.hash);
}

TEST_F(FeatureTasks, TheDataAreLabelsAndIdsTheWeightsAreFeatures) {
  const Subject a = single(8), b = single(8, {}, 2.0), longer = single(9);
  const Subject c = single(8, {{"ids", at::arange(1, 9, at::kLong)}});
  const auto data = [](const Subject& subject) { return open(subject, "knn").test->provenance().sha256; };
  EXPECT_NE(a.sha256, b.sha256);
  EXPECT_EQ(data(a), data(b));
  EXPECT_EQ(a.sha256, c.sha256);
  EXPECT_NE(data(a), data(c));
  EXPECT_NE(data(a), data(longer));
}

TEST_F(FeatureTasks, ARowWithoutALabelIsNamedWhereLabelsAreNeeded) {
  save_tensors(folder_ / "x.safetensors",
               {{"features", at::ones({3, 2})}, {"labels", at::tensor({0, 1, -1}, at::kLong)}});
  const Subject subject = feature_subject(folder_ / "x.safetensors");
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { open(subject, "knn"); }),
               "expected a label for every row of all rows; got none for '2'");
  EXPECT_EQ(open(subject, "retrieval").test_examples.size(), 3);
}

TEST_F(FeatureTasks, WhatNeedsAnEncoderSaysSo) {
  const Subject subject = single(8);
  for (const char* name : {"finetune", "throughput", "reconstruction", "visualise"}) {
    const std::string message =
        error_message<std::invalid_argument>([&] { check_judges_features(find_protocol(name)); });
    EXPECT_PRED2(contains, message, std::string("[") + name + "] expected an encoder");
    EXPECT_PRED2(contains, message, "got a file of features, which can be judged by linear_probe, knn,");
    EXPECT_THROW(run_protocol(name, Json::object(), subject, open(subject, "knn")), std::invalid_argument)
        << name;
  }
  EXPECT_NO_THROW(check_judges_features(find_protocol("retrieval")));
}

TEST_F(FeatureTasks, OnlyTheFilesOwnRowsAndTapsAreServed) {
  const Subject subject = single(8);
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] {
                 run_protocol("knn", Json::object(), subject, task_);
               }),
               "got the data set toy_pictures");
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] {
                 judge(subject, "linear_probe", {{"taps", {"cls"}}});
               }),
               "key 'taps': expected features of a file of features; got 'cls'");
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { open(subject, "knn").test->get(0); }),
               "expected pictures; got features alone");
}

}  // namespace
}  // namespace repbench
