#include "protocols/throughput/precision_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "protocols/features.h"
#include "tests/protocols/toy_subject.h"

namespace repbench {
namespace {

using Rows = std::vector<std::vector<double>>;

ProtocolContext context_at(Precision precision) {
  ProtocolContext context;
  context.execution.precision = precision;
  return context;
}

Rows unit_features(const Subject& subject, const std::shared_ptr<const Dataset>& data,
                   const IndexList& examples, Precision precision) {
  const std::vector<std::string> taps = {"cls"};
  const at::Tensor features =
      compute_features(*subject.encoder, data, examples, "small_eval:8", taps, context_at(precision))
          .by_tap.at("cls");
  Rows rows;
  for (int64_t i = 0; i < features.size(0); ++i) {
    std::vector<double> row;
    for (int64_t d = 0; d < features.size(1); ++d) row.push_back(features[i][d].item<double>());
    const double norm = std::sqrt(std::inner_product(row.begin(), row.end(), row.begin(), 0.0));
    for (double& value : row) value /= norm;
    rows.push_back(row);
  }
  return rows;
}

/// The class whose mean direction is nearest.
std::vector<int64_t> nearest_means(const Rows& test, const Rows& train, const Task& task) {
  Rows means(ToyPictures::kClasses, std::vector<double>(train[0].size(), 0));
  for (size_t i = 0; i < train.size(); ++i) {
    std::vector<double>& mean = means[static_cast<size_t>(task.train->label(task.train_examples.indices[i]))];
    for (size_t d = 0; d < mean.size(); ++d) mean[d] += train[i][d];
  }
  std::vector<int64_t> nearest;
  for (const std::vector<double>& row : test) {
    std::vector<double> cosines;
    for (const std::vector<double>& mean : means) {
      const double norm = std::sqrt(std::inner_product(mean.begin(), mean.end(), mean.begin(), 0.0));
      cosines.push_back(std::inner_product(row.begin(), row.end(), mean.begin(), 0.0) / norm);
    }
    nearest.push_back(std::max_element(cosines.begin(), cosines.end()) - cosines.begin());
  }
  return nearest;
}

TEST(PrecisionCheck, IsWhatPlainLoopsGive) {
  const Subject subject = tiny_vit();
  const Task task = toy_task(64, 20);
  Record record;
  check_precision(subject, task, context_at(Precision::bf16), 500, record);
  const Rows train = unit_features(subject, task.train, task.train_examples, Precision::fp32),
             exact = unit_features(subject, task.test, task.test_examples, Precision::fp32),
             rounded = unit_features(subject, task.test, task.test_examples, Precision::bf16);
  const std::vector<int64_t> by_exact = nearest_means(exact, train, task),
                             by_rounded = nearest_means(rounded, train, task);
  double mean = 0, worst = 1;
  int correct_exact = 0, correct_rounded = 0, agree = 0;
  for (size_t i = 0; i < 20; ++i) {
    const double cosine = std::inner_product(exact[i].begin(), exact[i].end(), rounded[i].begin(), 0.0);
    mean += cosine / 20;
    worst = std::min(worst, cosine);
    const int64_t label = task.test->label(task.test_examples.indices[i]);
    correct_exact += by_exact[i] == label;
    correct_rounded += by_rounded[i] == label;
    agree += by_exact[i] == by_rounded[i];
  }
  EXPECT_NEAR(record.find("feature_cosine_with_fp32")->value, mean, 1e-6);
  EXPECT_NEAR(record.find("feature_cosine_with_fp32_worst")->value, worst, 1e-6);
  EXPECT_LT(worst, 1) << "bf16 rounds";
  EXPECT_EQ(record.find("accuracy_at_fp32")->value, correct_exact / 20.0);
  EXPECT_EQ(record.find("accuracy_at_precision")->value, correct_rounded / 20.0);
  EXPECT_EQ(record.find("accuracy_at_precision")->chance, 0.25);
  EXPECT_EQ(record.find("top1_agreement_with_fp32")->value, agree / 20.0);
  EXPECT_EQ(record.outcomes->tables.at(0).ids.size(), 20U);
}

TEST(PrecisionCheck, TakesNoMoreExamplesThanAsked) {
  Record record;
  const Task task = toy_task(64, 20);
  check_precision(tiny_vit(), task, context_at(Precision::bf16), 8, record);
  EXPECT_EQ(record.find("accuracy_at_precision")->n, 8);
  EXPECT_EQ(record.resolved.at("precision_check"),
            (Json{{"tap", "cls"}, {"test_examples", 8}, {"train_examples", 8}}));
  EXPECT_EQ(reads_of(task), 24) << "training pictures at fp32, test pictures at both";
}

TEST(PrecisionCheck, AClassWithoutATrainingExampleIsNeverPredicted) {
  Task task = toy_task(64, 20);
  std::vector<int64_t> without_class_3;
  for (int64_t i = 0; i < 64; ++i) {
    if (i % 4 != 3) without_class_3.push_back(i);
  }
  task.train_examples = these_examples(*task.train, without_class_3);
  Record record;
  check_precision(tiny_vit(), task, context_at(Precision::bf16), 500, record);
  const OutcomeTable& table = record.outcomes->tables.at(0);
  for (size_t i = 0; i < table.labels.size(); ++i) {
    if (table.labels[i] != 3) continue;
    EXPECT_EQ(table.columns.at("correct_at_fp32")[i], 0);
  }
}

TEST(PrecisionCheck, HasNothingToSayAboutFp32) {
  Record record;
  const Task task = toy_task(64, 20);
  check_precision(tiny_vit(), task, context_at(Precision::fp32), 500, record);
  EXPECT_TRUE(record.metrics.empty());
  EXPECT_FALSE(record.outcomes.has_value());
  EXPECT_EQ(record.resolved.at("precision_check"), "none: the precision is fp32");
  EXPECT_EQ(reads_of(task), 0);
}

}  // namespace
}  // namespace repbench
