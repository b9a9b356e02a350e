#include "reports/compare/metric_comparison.h"

#include <gtest/gtest.h>

#include <cmath>

#include "reports/metric_kinds.h"
#include "reports/statistics/paired.h"
#include "tests/reports/compare/reports_on_disk.h"

namespace repbench {
namespace {

ReportCell cell_of(const std::vector<Record>& records) {
  ReportCell cell{"MAE", false, "fashion_mnist", records[0].protocol, records[0].fingerprint, {}};
  for (const Record& record : records) cell.runs.push_back({"report.json", record});
  return cell;
}

TEST(CompareMetric, TestsSharesOfTheSameExamplesAsProportions) {
  const MetricComparison result =
      compare_metric("accuracy", cell_of({judged("MAE", "knn")}), cell_of({judged("MAE", "knn", 30, 10)}));
  EXPECT_DOUBLE_EQ(result.a, 0.8);
  EXPECT_DOUBLE_EQ(result.b, 0.78);
  EXPECT_NEAR(result.difference, -0.02, 1e-15);
  EXPECT_NEAR(result.loss(), 0.02, 1e-15);
  ASSERT_TRUE(result.units.has_value());
  EXPECT_PRED2([](const std::string& text, const char* part) { return text.find(part) != std::string::npos; },
               result.units->method, "McNemar");
  const PairedCounts counts{770, 30, 10, 190};
  EXPECT_DOUBLE_EQ(result.units->interval.low, tango_interval(counts).low);
  EXPECT_DOUBLE_EQ(result.units->interval.high, tango_interval(counts).high);
  EXPECT_DOUBLE_EQ(result.units->p, mcnemar_mid_p(30, 10));
  EXPECT_DOUBLE_EQ(result.units->p_loss, mcnemar_mid_p_loss(30, 10));
  EXPECT_NEAR(result.units->standard_error, std::sqrt((0.04 - 0.0004) / 1000), 3e-4)
      << "Tango's, in effect Wald's";
  EXPECT_NEAR(result.units->detectable, 2.8015852 * result.units->standard_error, 1e-9);
  EXPECT_EQ(result.units->n, 1000);
  EXPECT_FALSE(result.seeds.has_value());
}

TEST(CompareMetric, OfEqualOutcomesSeesNothing) {
  const MetricComparison result =
      compare_metric("accuracy", cell_of({judged("MAE", "knn")}), cell_of({judged("MAE", "knn")}));
  EXPECT_EQ(result.difference, 0);
  EXPECT_EQ(result.units->p, 1);
  EXPECT_EQ(result.units->p_loss, 0.5);
  EXPECT_LT(result.units->interval.low, 0);
  EXPECT_GT(result.units->interval.high, 0);
  EXPECT_GT(result.units->detectable, 0.004) << "a thousand pictures without a difference do not see all";
}

/// A metric that is no share, over these values.
Record errors(const std::vector<double>& values) {
  Record record = sample_record("MAE", "reconstruction", 0, static_cast<int>(values.size()));
  record.outcomes->tables[0].columns = {{"squared_error", values}};
  Metric& metric = record.metrics[0];
  metric = {};
  metric.name = "masked_mse";
  metric.unit = "normalised pixels squared";
  metric.direction = Direction::lower_is_better;
  metric.headline = true;
  metric.column = "squared_error";
  for (const double value : values) metric.value += value / static_cast<double>(values.size());
  return record;
}

TEST(CompareMetric, ProvesNothingByOnePicture) {
  const MetricComparison result =
      compare_metric("masked_mse", cell_of({errors({0.2})}), cell_of({errors({0.9})}));
  EXPECT_FALSE(result.units.has_value());
  Record a = judged("MAE", "knn"), b = a;
  for (Record* record : {&a, &b}) {
    record->outcomes = sample_outcomes(1, record == &a ? 1 : 0);
    record->metrics[0] = accuracy_metric(record == &a ? 1 : 0, 1);
  }
  EXPECT_EQ(compare_metric("accuracy", cell_of({a}), cell_of({b})).units->p_loss, 0.25);
}

TEST(CompareMetric, TakesAgreementOfAFewPicturesForNoMoreThanTheirSigns) {
  const MetricComparison result =
      compare_metric("masked_mse", cell_of({errors({0.25, 0.5, 0.75})}), cell_of({errors({0.5, 0.75, 1.0})}));
  EXPECT_EQ(result.units->standard_error, 0);
  EXPECT_EQ(result.units->p_loss, 0.125);
  EXPECT_EQ(
      compare_metric("masked_mse", cell_of({errors({0.1, 0.7, 0.3})}), cell_of({errors({0.3, 0.9, 0.5})}))
          .units->p_loss,
      0.125)
      << "rounding is no spread";
  const ReportCell a = cell_of({with_seed(judged("MAE", "knn"), 0), with_seed(judged("MAE", "knn"), 1)});
  const ReportCell b =
      cell_of({with_seed(judged("MAE", "knn", 10), 0), with_seed(judged("MAE", "knn", 10), 1)});
  EXPECT_NEAR(compare_metric("accuracy", a, b).seeds->p, 0.5, 1e-12) << "two seeds that agree";
}

TEST(CompareMetric, ShowsTheErrorOverSeedsApartFromThatOverPictures) {
  const auto seeds = [](std::vector<int> losses) {
    std::vector<Record> records;
    for (size_t i = 0; i < losses.size(); ++i)
      records.push_back(with_seed(judged("MAE", "knn", losses[i]), static_cast<int>(i)));
    return cell_of(records);
  };
  const MetricComparison result = compare_metric("accuracy", seeds({0, 4, 8}), seeds({20, 26, 26}));
  EXPECT_NEAR(result.difference, -0.020, 1e-12);
  ASSERT_TRUE(result.units && result.seeds);
  EXPECT_EQ(result.units->n, 1000);
  EXPECT_EQ(result.seeds->n, 3);
  EXPECT_NEAR(result.seeds->standard_error, 0.002 / std::sqrt(3), 1e-9);  // of -20, -22, -18 in a thousand
  EXPECT_NEAR(result.seeds->interval.low, -0.02 - 4.302652729749462 * 0.002 / std::sqrt(3), 1e-9);
  EXPECT_LT(result.units->interval.low, -0.02);
  EXPECT_GT(result.units->interval.high, -0.02);
}

TEST(CompareMetric, PairsRunsBySeedAndSaysWhatItLeavesOut) {
  const ReportCell a = cell_of({with_seed(judged("MAE", "knn"), 0), with_seed(judged("MAE", "knn"), 1)});
  const ReportCell b =
      cell_of({with_seed(judged("MAE", "knn", 10), 1), with_seed(judged("MAE", "knn", 50), 2)});
  const MetricComparison result = compare_metric("accuracy", a, b);
  EXPECT_NEAR(result.difference, -0.01, 1e-12);
  EXPECT_EQ(result.notes, (std::vector<std::string>{"2 runs left out: their seeds are on one side only"}));
  const ReportCell strangers =
      cell_of({with_seed(judged("MAE", "knn"), 7), with_seed(judged("MAE", "knn"), 8)});
  EXPECT_EQ(compare_metric("accuracy", a, strangers).not_comparable, "no seed is on both sides");
}

TEST(CompareMetric, PairsTwoSingleRunsWhateverTheirSeeds) {
  const MetricComparison result = compare_metric("accuracy", cell_of({with_seed(judged("MAE", "knn"), 0)}),
                                                 cell_of({with_seed(judged("MAE", "knn", 10), 5)}));
  EXPECT_TRUE(result.not_comparable.empty());
}

Record squared_errors(double shift) {
  std::vector<double> values;
  for (int i = 0; i < 400; ++i)
    values.push_back(0.2 + 0.05 * std::sin(i) + shift * (1 + 0.5 * std::cos(7 * i)));
  Record record = errors(values);
  record.metrics[0].standard_error = 0.002;
  record.metrics[0].n = 400;
  return record;
}

TEST(CompareMetric, BootstrapsWhatIsNoShareAndKnowsWhatIsWorse) {
  const MetricComparison result =
      compare_metric("masked_mse", cell_of({squared_errors(0)}), cell_of({squared_errors(0.01)}));
  EXPECT_NEAR(result.difference, 0.01, 1e-4);
  EXPECT_GT(result.loss(), 0) << "a higher error is a loss";
  EXPECT_LT(result.units->p_loss, 1e-6);
  EXPECT_GT(result.units->p_gain, 0.99);
  const double expected =
      0.01 * std::sqrt(0.125) / std::sqrt(400);  // deviation of 0.5 cos, over 400 pictures
  EXPECT_NEAR(result.units->standard_error, expected, 0.1 * expected);
  EXPECT_LT(result.units->interval.high - result.units->interval.low, 5 * expected)
      << "pairs, not two samples";
}

TEST(CompareMetric, FallsBackToStandardErrorsWithoutOutcomesAndSaysSo) {
  Record a = squared_errors(0), b = squared_errors(0.01);
  b.outcomes.reset();
  const MetricComparison result = compare_metric("masked_mse", cell_of({a}), cell_of({b}));
  EXPECT_NEAR(result.units->standard_error, 0.002 * std::sqrt(2), 1e-12);
  EXPECT_PRED2([](const std::string& text, const char* part) { return text.find(part) == 0; },
               result.notes[0], "unpaired");
  a.metrics[0].standard_error.reset();
  EXPECT_FALSE(compare_metric("masked_mse", cell_of({a}), cell_of({b})).units.has_value());
}

TEST(CompareMetric, PairsDrawsOfFewShot) {
  Record a = judged("MAE", "few_shot"), b = judged("MAE", "few_shot", 20);
  a.metrics[0].repetitions = {"draw", {0.80, 0.82, 0.78}};
  b.metrics[0].repetitions = {"draw", {0.78, 0.79, 0.77}};
  const MetricComparison result = compare_metric("accuracy", cell_of({a}), cell_of({b}));
  ASSERT_TRUE(result.seeds.has_value());
  EXPECT_NEAR(result.seeds->standard_error, 0.01 / std::sqrt(3), 1e-12);
  EXPECT_PRED2([](const std::string& text, const char* part) { return text.find(part) != std::string::npos; },
               result.seeds->method, "3 draws");
}

TEST(CompareMetric, LooksAtOneClassAlone) {
  const Record a = judged("MAE", "knn");
  Record b = a;
  std::vector<double>& correct = b.outcomes->tables[0].columns["correct"];
  for (size_t i = 3; i < 500; i += 10) correct[i] = 0;  // half of class 3
  const MetricComparison result = compare_metric("accuracy", cell_of({a}), cell_of({b}), {3});
  EXPECT_NEAR(result.a, 0.8, 1e-12);
  EXPECT_NEAR(result.b, 0.3, 1e-12);
  EXPECT_EQ(result.units->n, 100);
  EXPECT_NEAR(compare_metric("accuracy", cell_of({a}), cell_of({b}), {2, 4}).difference, 0, 1e-12);
  EXPECT_EQ(compare_metric("accuracy", cell_of({a}), cell_of({b}), {77}).not_comparable,
            "no outcomes of these classes");
}

TEST(CompareMetric, RefusesAnotherDefinitionAndSaysWhereAMetricIsMissing) {
  Record a = judged("MAE", "knn"), b = a;
  b.metrics[0].version = 2;
  EXPECT_EQ(compare_metric("accuracy", cell_of({a}), cell_of({b})).not_comparable,
            "metrics.accuracy.version: 1 and 2");
  Metric extra = accuracy_metric(5, 10);
  extra.name = "accuracy_zero_shot";
  extra.headline = false;
  b.metrics.push_back(extra);
  EXPECT_EQ(compare_metric("accuracy_zero_shot", cell_of({a}), cell_of({b})).not_comparable, "only in B");
  EXPECT_EQ(compare_metric("accuracy_zero_shot", cell_of({b}), cell_of({a})).not_comparable, "only in A");
}

TEST(CompareMetric, NotesSaturation) {
  Record a = judged("MAE", "knn"), b = a;
  set_outcomes(b, 1000, 995);
  EXPECT_PRED2([](const std::string& text, const char* part) { return text.find(part) == 0; },
               compare_metric("accuracy", cell_of({a}), cell_of({b})).notes.back(), "saturated");
}

TEST(CompareMetric, ComparesTimedBlocksByMannWhitney) {
  Record a = judged("MAE", "throughput"), b;
  a.outcomes.reset();
  a.metrics[0] = {};
  a.metrics[0].name = "inference_images_per_second";
  a.metrics[0].unit = "images/s";
  a.metrics[0].headline = true;
  a.metrics[0].value = 103;
  a.metrics[0].repetitions = {"timed block", {100, 102, 103, 104, 106}};
  b = a;
  b.metrics[0].repetitions = {"timed block", {90, 91, 92, 93, 94}};
  b.metrics[0].value = 92;
  const MetricComparison result = compare_metric("inference_images_per_second", cell_of({a}), cell_of({b}));
  EXPECT_NEAR(result.units->p, 2.0 / 252, 1e-12);  // the most extreme of C(10, 5) orders, on either side
  EXPECT_LT(result.units->p_loss, 0.01);
  EXPECT_LT(result.units->interval.high, 0);
}

TEST(CompareMetric, ThreeTimedBlocksShowNothingAndSayIt) {
  Record a = judged("MAE", "throughput");
  a.outcomes.reset();
  a.metrics[0] = {};
  a.metrics[0].name = "inference_images_per_second";
  a.metrics[0].unit = "images/s";
  a.metrics[0].headline = true;
  a.metrics[0].repetitions = {"timed block", {300, 301, 302}};
  Record b = a;
  b.metrics[0].repetitions = {"timed block", {100, 101, 102}};
  const MetricComparison result = compare_metric("inference_images_per_second", cell_of({a}), cell_of({b}));
  EXPECT_NEAR(result.units->least_p, 1.0 / 20, 1e-12);
  EXPECT_EQ(result.units->detectable, 0);
  EXPECT_EQ(result.difference, -200) << "the shift that the interval is of";
  EXPECT_PRED2([](const std::string& text, const char* part) { return text.find(part) != std::string::npos; },
               result.notes.at(0), "90 %");
}

TEST(CompareMetric, TestsMediansBySwappingPairs) {
  // Ranks whose medians are 3 and 4, while every second unit is better and every second one worse.
  Record a = judged("MAE", "retrieval"), b = a;
  std::vector<double> left, right;
  for (int i = 0; i < 200; ++i) {
    left.push_back(i % 2 == 0 ? 3 : 4);
    right.push_back(i % 2 == 0 ? 4 : 3);
  }
  left[0] = left[2] = 1;
  left[1] = 3;
  right[1] = 4;
  const auto give = [](Record& record, const std::vector<double>& ranks) {
    OutcomeTable& table = record.outcomes->tables[0];
    table.columns = {{"image_rank", ranks}};
    table.ids.resize(ranks.size());
    table.labels.assign(ranks.size(), -1);
    Metric& metric = record.metrics[0];
    metric = {};
    metric.name = "text_to_image_median_rank";
    metric.unit = "rank";
    metric.direction = Direction::lower_is_better;
    metric.column = "image_rank";
    metric.value = aggregate_outcomes(metric, table);
  };
  give(a, left);
  give(b, right);
  ASSERT_EQ(a.metrics[0].value, 3);
  const MetricComparison result = compare_metric("text_to_image_median_rank", cell_of({a}), cell_of({b}));
  EXPECT_GT(result.units->p_loss, 0.05) << "chance alone gives such a difference";
  EXPECT_NEAR(result.units->least_p, 1.0 / 2000, 1e-12);
}

TEST(CompareMetric, RefusesOutcomesOfOtherExamplesUnderEqualHashes) {
  const Record a = judged("MAE", "knn");
  Record renamed = a, relabelled = a, elsewhere = a;
  renamed.outcomes->tables[0].ids[7] = "another";
  relabelled.outcomes->tables[0].labels[7] = 0;
  for (const Record& b : {renamed, relabelled}) {
    EXPECT_EQ(compare_metric("accuracy", cell_of({a}), cell_of({b})).not_comparable,
              "outcomes of other examples than their equal hashes say");
  }
  elsewhere.outcomes->tables[0].ids[7] = "another";
  elsewhere.dataset["hashes"]["test"] = "23";
  const MetricComparison allowed = compare_metric("accuracy", cell_of({a}), cell_of({elsewhere}));
  EXPECT_TRUE(allowed.not_comparable.empty()) << "data that a user lets differ are compared unpaired";
  EXPECT_EQ(allowed.units->method.find("unpaired"), 0U);
}

TEST(CompareMetric, TakesTheTextsOfAPictureForOneUnit) {
  // 100 pictures with five texts each, which all say the same: 20 pictures lost, 10 won.
  Record a = judged("CLIP", "retrieval"), b = a;
  std::vector<double> before(500, 1), after(500, 1);
  for (size_t text = 0; text < 500; ++text) {
    before[text] = text / 5 < 10 ? 2 : 1;
    after[text] = text / 5 >= 10 && text / 5 < 30 ? 2 : 1;
  }
  const auto give = [](Record& record, const std::vector<double>& ranks, bool grouped) {
    record.outcomes = sample_outcomes(500, 0);
    OutcomeTable& table = record.outcomes->tables[0];
    table.unit = "text";
    table.columns = {{"image_rank", ranks}};
    for (int64_t text = 0; text < 500 && grouped; ++text) table.groups.push_back(text / 5);
    Metric& metric = record.metrics[0];
    metric = {};
    metric.name = "text_to_image_recall_at_1";
    metric.headline = true;
    metric.column = "image_rank";
    metric.value = aggregate_outcomes(metric, table);
  };
  const auto compared = [&](bool grouped) {
    give(a, before, grouped);
    give(b, after, grouped);
    return compare_metric("text_to_image_recall_at_1", cell_of({a}), cell_of({b}));
  };
  const MetricComparison apart = compared(false), together = compared(true);
  EXPECT_NEAR(together.difference, -0.1, 1e-12);
  EXPECT_LT(apart.units->p, 1e-4) << "as if each text were a picture of its own";
  EXPECT_EQ(together.units->n, 100);
  EXPECT_NEAR(together.units->standard_error, std::sqrt((0.3 - 0.01) / 100), 0.005);
  EXPECT_GT(together.units->p, 0.03);
}

TEST(CompareMetric, SaysThatTheSeedsOfTwoSingleRunsDiffer) {
  const MetricComparison result = compare_metric("accuracy", cell_of({with_seed(judged("MAE", "knn"), 0)}),
                                                 cell_of({with_seed(judged("MAE", "knn", 10), 5)}));
  EXPECT_EQ(result.notes, (std::vector<std::string>{"the seeds of pretraining differ: 0 and 5"}));
}

}  // namespace
}  // namespace repbench
