#include "protocols/paper_metrics.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "protocols/metrics.h"
#include "reports/metric_kinds.h"
#include "tests/files/error_message.h"

namespace repbench {
namespace {

TEST(PaperMetric, IsFoundUnderTheNamesThatReportsHave) {
  const auto metric = [](std::string_view dataset) { return paper_metric(dataset).metric; };
  EXPECT_EQ(metric("cifar10"), "accuracy");
  EXPECT_EQ(metric("voc:VOC2007"), "mean_average_precision_11_point");
  EXPECT_EQ(metric("image_folder:Caltech-101"), "mean_per_class_accuracy");
  EXPECT_EQ(metric("image_folder:fgvc_aircraft"), "mean_per_class_accuracy");
  EXPECT_EQ(metric("shards:wds_vtab_pets"), "mean_per_class_accuracy");
  EXPECT_EQ(metric("shards:kinetics700"), "mean_top1_top5");
  EXPECT_EQ(metric("image_list:hateful_memes"), "roc_auc");
  EXPECT_EQ(metric("subset:half of stl10"), "accuracy");
  EXPECT_PRED2(contains, std::string(paper_metric("dtd").source), "Radford et al. 2021");
}

TEST(PaperMetric, OfAnotherDataSetIsAnError) {
  for (const char* name : {"", "cifar100:coarse", "voc:VOC2012", "fashion_mnist"})
    EXPECT_THROW(paper_metric(name), std::invalid_argument) << name;
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([] { paper_metric("image_folder:flower102"); }),
               "got 'image_folder:flower102' (did you mean 'flowers102'?)");
}

TEST(PaperMetric, ChoicesAreMetricsThatMayLead) {
  for (const std::string& choice : headline_choices()) {
    if (choice != "paper") {
      EXPECT_TRUE(find_metric_kind(choice).may_lead) << choice;
    }
  }
}

Record classified(int64_t classes) {
  const at::Tensor labels = at::arange(classes, at::kLong);
  std::vector<std::string> ids;
  for (int64_t i = 0; i < classes; ++i) ids.push_back(std::to_string(i));
  const Classification result = classify(at::zeros({classes, classes}), labels);
  Record record;
  record.metrics = classification_metrics(result);
  record.outcomes = classification_outcomes(result, labels, ids, {});
  return record;
}

TEST(SetHeadline, MarksTheChosenMetricAlone) {
  Record record = classified(8);
  set_headline(record, "fashion_mnist", "mean_per_class_accuracy", "knn");
  EXPECT_EQ(record.headline().name, "mean_per_class_accuracy");
  EXPECT_FALSE(record.find("accuracy")->headline);
  EXPECT_FALSE(record.resolved.contains("paper_metric"));
  set_headline(record, "fashion_mnist", "accuracy", "knn");
  EXPECT_EQ(record.headline().name, "accuracy");
}

TEST(SetHeadline, TakesThePapersAndSaysWhoseItIs) {
  Record record = classified(8);
  set_headline(record, "image_folder:pets", "paper", "knn");
  EXPECT_EQ(record.headline().name, "mean_per_class_accuracy");
  EXPECT_EQ(record.resolved["paper_metric"], "mean_per_class_accuracy");
  EXPECT_PRED2(contains, record.resolved["paper_metric_source"].get<std::string>(), "CLIP");
}

TEST(SetHeadline, MakesKinetics700sFromTopOneAndTopFive) {
  Record record = classified(8);
  set_headline(record, "shards:kinetics700", "paper", "zero_shot");
  const Metric& headline = record.headline();
  EXPECT_EQ(headline.name, "mean_top1_top5");
  EXPECT_DOUBLE_EQ(headline.value, (1.0 / 8 + 5.0 / 8) / 2);
  EXPECT_DOUBLE_EQ(*headline.chance, 3.0 / 8);
  EXPECT_DOUBLE_EQ(aggregate_outcomes(headline, record.outcomes->tables[0]), headline.value);
}

TEST(SetHeadline, AMetricThatWasNotMeasuredIsAnError) {
  Record record = classified(4);
  EXPECT_EQ(error_message<std::invalid_argument>([&] { set_headline(record, "dtd", "roc_auc", "knn"); }),
            "[knn] key 'headline': expected a metric that is measured on dtd: accuracy, "
            "mean_per_class_accuracy; got roc_auc");
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] {
                 set_headline(record, "kinetics700", "mean_top1_top5", "knn");
               }),
               "got mean_top1_top5");
}

}  // namespace
}  // namespace repbench
