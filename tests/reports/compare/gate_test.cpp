#include "reports/compare/gate.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "files/atomic.h"
#include "reports/record_json.h"
#include "tests/files/error_message.h"
#include "tests/reports/compare/gate_cases.h"

namespace repbench {
namespace {

Record on_dataset(Record record, const std::string& name) {
  record.dataset["name"] = name;
  record.fingerprint = fingerprint(record);
  return record;
}

Record with_k(Record record, int k) {
  record.requested["k"] = k;
  record.identity.push_back("k");
  record.fingerprint = fingerprint(record);
  return record;
}

/// A second metric of the same outcomes.
Record with_ensemble(Record record) {
  Metric metric = record.metrics[0];
  metric.name = "accuracy_ensemble";
  metric.headline = false;
  record.metrics.push_back(metric);
  return record;
}

Verdict only_verdict(const GateResult& result) {
  EXPECT_EQ(result.whole.rows.size(), 1u);
  return result.whole.rows.at(0).judgement.verdict;
}

GatePolicy with_slice(const std::string& dataset, const std::vector<ClassChoice>& classes) {
  GatePolicy policy;
  policy.source = "gate.json";
  SlicePolicy slice;
  slice.name = "critical";
  slice.key = "slices[0]";
  slice.dataset = dataset;
  slice.classes = classes;
  policy.slices = {slice};
  return policy;
}

TEST(GateCases, CountsAreComparedAsReportsAre) {
  TwoSides sides;
  sides.add_baseline(sample_record("MAE", "knn", 900));
  sides.add_candidate(sample_record("MAE", "knn", 880));
  const MetricComparison reported = sides.gated().whole.rows.at(0).metric;
  const MetricComparison counted = compared_accuracy({880, 20, 0, 100});
  EXPECT_DOUBLE_EQ(reported.difference, counted.difference);
  EXPECT_DOUBLE_EQ(reported.units->standard_error, counted.units->standard_error);
  EXPECT_DOUBLE_EQ(reported.units->p_loss, counted.units->p_loss);
  EXPECT_DOUBLE_EQ(reported.units->p_gain, counted.units->p_gain);
  EXPECT_DOUBLE_EQ(reported.units->interval.low, counted.units->interval.low);
  EXPECT_DOUBLE_EQ(reported.units->interval.high, counted.units->interval.high);
}

TEST(Gate, PassesTheSameReport) {
  TwoSides sides;
  sides.add_baseline(sample_record("MAE", "knn", 900));
  sides.add_candidate(sample_record("MAE", "knn", 900));
  EXPECT_EQ(only_verdict(sides.gated()), Verdict::pass);
  EXPECT_EQ(exit_code(sides.gated()), 0);
}

TEST(Gate, FailsAWorseOne) {
  TwoSides sides;
  sides.add_baseline(sample_record("MAE", "knn", 900));
  sides.add_candidate(sample_record("MAE", "knn", 850));
  EXPECT_EQ(only_verdict(sides.gated()), Verdict::regression);
  EXPECT_EQ(exit_code(sides.gated()), 1);
}

TEST(Gate, PassesABetterOne) {
  TwoSides sides;
  sides.add_baseline(sample_record("MAE", "knn", 850));
  sides.add_candidate(sample_record("MAE", "knn", 900));
  EXPECT_EQ(only_verdict(sides.gated()), Verdict::improvement);
  EXPECT_EQ(exit_code(sides.gated()), 0);
}

TEST(Gate, RefusesAnotherSettingNamingTheFieldAndBothValues) {
  TwoSides sides;
  sides.add_baseline(with_k(sample_record("MAE", "knn", 900), 20));
  sides.add_candidate(with_k(sample_record("MAE", "knn", 850), 5));
  const GateResult result = sides.gated();
  EXPECT_EQ(only_verdict(result), Verdict::not_comparable);
  EXPECT_EQ(result.whole.rows[0].judgement.reason, "protocol.requested.k: 20 and 5");
  EXPECT_EQ(result.whole.rows[0].metric.name, "accuracy");
  EXPECT_EQ(exit_code(result), 3);
}

TEST(Gate, MarksWhatWasAllowedToDiffer) {
  TwoSides sides;
  sides.add_baseline(with_k(sample_record("MAE", "knn", 900), 20));
  sides.add_candidate(with_k(sample_record("MAE", "knn", 850), 5));
  GatePolicy policy;
  policy.allowed = {"k"};
  const GateResult result = sides.gated(policy);
  EXPECT_EQ(only_verdict(result), Verdict::regression);
  EXPECT_TRUE(result.whole.rows[0].is_marked());
}

TEST(Gate, MissesACellThatTheCandidateLacks) {
  TwoSides sides;
  sides.add_baseline(sample_record("MAE", "knn", 900));
  sides.add_baseline(sample_record("MAE", "linear_probe", 900));
  sides.add_candidate(sample_record("MAE", "knn", 900));
  const GateResult result = sides.gated();
  ASSERT_EQ(result.whole.rows.size(), 2u);
  EXPECT_EQ(count(result, Verdict::missing), 1u);
  EXPECT_EQ(exit_code(result), 3);
}

TEST(Gate, MissesAMetricThatTheCandidateLacks) {
  TwoSides sides;
  sides.add_baseline(with_ensemble(sample_record("MAE", "zero_shot", 900)));
  sides.add_candidate(sample_record("MAE", "zero_shot", 900));
  GatePolicy policy;
  EXPECT_EQ(exit_code(sides.gated(policy)), 0) << "headlines alone are gated by default";
  policy.all_metrics = true;
  EXPECT_EQ(count(sides.gated(policy), Verdict::missing), 1u);
  EXPECT_EQ(exit_code(sides.gated(policy)), 3);
}

TEST(Gate, ListsWhatOnlyTheCandidateHas) {
  TwoSides sides;
  sides.add_baseline(sample_record("MAE", "knn", 900));
  sides.add_candidate(with_ensemble(sample_record("MAE", "knn", 900)));
  sides.add_candidate(sample_record("MAE", "linear_probe", 900));
  GatePolicy policy;
  policy.all_metrics = true;
  const GateResult result = sides.gated(policy);
  ASSERT_EQ(result.added.size(), 2u + 0u);
  EXPECT_EQ(exit_code(result), 0);
}

TEST(Gate, SaysARegressionEvenWhereSomethingElseIsMissing) {
  TwoSides sides;
  sides.add_baseline(sample_record("MAE", "knn", 900));
  sides.add_baseline(sample_record("MAE", "linear_probe", 900));
  sides.add_candidate(sample_record("MAE", "knn", 700));
  EXPECT_EQ(exit_code(sides.gated()), 1);
}

TEST(Gate, ShowsButNeverGatesWhatHasNoBetterDirection) {
  TwoSides sides;
  for (const double entropy : {0.5, 0.9}) {
    Record record = sample_record("MAE", "visualise", 900);
    Metric& metric = record.metrics[0];
    metric.name = "attention_entropy";
    metric.direction = Direction::neither;
    metric.column = "attention_entropy";
    metric.value = entropy;
    metric.chance.reset();
    record.outcomes->tables[0].columns = {{"attention_entropy", std::vector<double>(1000, entropy)}};
    (entropy < 0.7 ? sides.add_baseline(record) : sides.add_candidate(record));
  }
  const GateResult result = sides.gated();
  EXPECT_EQ(result.shown.size(), 1u);
  EXPECT_TRUE(result.whole.rows.empty());
  EXPECT_EQ(exit_code(result), 3) << "nothing was gated";
}

TEST(Gate, TellsTheWaysOfOneProtocolApart) {
  TwoSides sides;
  for (const int k : {5, 20}) {
    sides.add_baseline(with_k(sample_record("MAE", "knn", 900), k));
    sides.add_candidate(with_k(sample_record("MAE", "knn", 900), k));
  }
  const GateResult result = sides.gated();
  ASSERT_EQ(result.whole.rows.size(), 2u);
  EXPECT_EQ(result.whole.rows[0].variant, "k=5");
  EXPECT_EQ(result.whole.rows[1].variant, "k=20");
}

TEST(Gate, RefusesAMarginOrMetricOfNoReport) {
  TwoSides sides;
  sides.add_baseline(sample_record("MAE", "knn", 900));
  sides.add_candidate(sample_record("MAE", "knn", 900));
  GatePolicy policy;
  policy.source = "gate.json";
  policy.margins = {{"fashion_mnist/kn", 0.02}};
  EXPECT_PRED2(
      contains, error_message<std::invalid_argument>([&] { sides.gated(policy); }),
      "[gate] gate.json: expected a metric, dataset/protocol or all three of these reports at margins; "
      "got 'fashion_mnist/kn' (did you mean 'fashion_mnist/knn'?)");
  policy.margins.clear();
  policy.metrics = {"acuracy"};
  EXPECT_PRED2(
      contains, error_message<std::invalid_argument>([&] { sides.gated(policy); }),
      "[gate] gate.json: expected a metric of these reports at metrics[0]; got 'acuracy' (did you mean "
      "'accuracy'?)");
}

TEST(Gate, RefusesPointsWhereSharesAreMeant) {
  TwoSides sides;
  sides.add_baseline(sample_record("MAE", "knn", 900));
  sides.add_candidate(sample_record("MAE", "knn", 900));
  GatePolicy policy;
  policy.margins = {{"accuracy", 0.5}};
  EXPECT_PRED2(
      contains, error_message<std::invalid_argument>([&] { sides.gated(policy); }),
      "expected a margin below 0.5 at margins.accuracy, as a share (half a point is 0.005); got 0.5");
}

TEST(Gate, RefusesOneMarginForSeveralUnits) {
  TwoSides sides;
  for (const std::string side : {"baseline", "candidate"}) {
    Record record = sample_record("MAE", "retrieval", 900);
    Metric rank;
    rank.name = "text_to_image_mean_rank";
    rank.unit = "rank";
    rank.direction = Direction::lower_is_better;
    rank.value = 1;
    rank.ceiling = 1;
    rank.n = 1000;
    record.metrics.push_back(rank);
    (side == "baseline" ? sides.add_baseline(record) : sides.add_candidate(record));
  }
  GatePolicy policy;
  policy.all_metrics = true;
  policy.margins = {{"fashion_mnist/retrieval", 0.01}};
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { sides.gated(policy); }),
               "expected metrics of one unit for margins.fashion_mnist/retrieval; got '' and 'rank'");
}

TEST(GateSlices, FailARunWhoseWholePasses) {
  TwoSides sides;
  Record baseline = report_failing_class(-1, 10'000), candidate = baseline;
  for (int i = 3; i < 400; i += 10)
    candidate.outcomes->tables[0].columns["correct"][static_cast<size_t>(i)] = 0;
  candidate.metrics = {accuracy_metric(10'000 - 40, 10'000)};
  sides.add_baseline(baseline);
  sides.add_candidate(candidate);
  const GateResult result = sides.gated(with_slice("fashion_mnist", {{"three", {}, "slices[0].classes[0]"}}));
  EXPECT_EQ(only_verdict(result), Verdict::pass) << "0.4 points are within the margin";
  ASSERT_EQ(result.slices.at(0).rows.size(), 1u);
  const GateRow& row = result.slices[0].rows[0];
  EXPECT_EQ(row.judgement.verdict, Verdict::regression);
  EXPECT_EQ(row.class_name, "three");
  EXPECT_NEAR(row.metric.difference, -0.04, 1e-12);
  EXPECT_EQ(exit_code(result), 1);
}

TEST(GateSlices, TakeClassesByNumberAndEachWithExamples) {
  TwoSides sides;
  sides.add_baseline(report_failing_class(-1));
  sides.add_candidate(report_failing_class(7));
  GatePolicy policy = with_slice("*", {{"", 7, "slices[0].classes[0]"}});
  EXPECT_EQ(sides.gated(policy).slices[0].rows.at(0).class_name, "seven");
  policy = with_slice("*", {});
  policy.slices[0].each_class = true;
  const GateResult result = sides.gated(policy);
  ASSERT_EQ(result.slices[0].rows.size(), 10u);
  for (const GateRow& row : result.slices[0].rows) {
    EXPECT_EQ(row.judgement.verdict, row.class_name == "seven" ? Verdict::regression : Verdict::pass);
  }
}

TEST(GateSlices, WithoutClassesAreAFamilyOfTheirOwn) {
  TwoSides sides;
  for (const std::string name : {"fashion_mnist", "cifar10"}) {
    sides.add_baseline(on_dataset(sample_record("MAE", "knn", 900), name));
    sides.add_candidate(on_dataset(sample_record("MAE", "knn", 893), name));
  }
  GatePolicy policy = with_slice("cifar10", {});
  policy.slices[0].alpha = 0.05;
  policy.slices[0].margin = 0.001;
  const GateResult result = sides.gated(policy);
  ASSERT_EQ(result.whole.rows.size(), 2u);
  ASSERT_EQ(result.slices[0].rows.size(), 1u);
  EXPECT_NEAR(*result.whole.rows[0].judgement.p_loss, 2 * std::exp2(-8), 1e-12);
  EXPECT_NEAR(*result.slices[0].rows[0].judgement.p_loss, std::exp2(-8), 1e-12);
  EXPECT_EQ(result.slices[0].rows[0].margin, 0.001);
}

TEST(GateSlices, AreMissingWhereNoCellMatches) {
  TwoSides sides;
  Record elsewhere = sample_record("MAE", "linear_probe", 900);
  elsewhere.dataset["name"] = "cifar10";
  for (const Record& record : {report_failing_class(-1), elsewhere}) {
    sides.add_baseline(record);
    sides.add_candidate(record);
  }
  GatePolicy policy = with_slice("cifar10", {});
  policy.slices[0].protocol = "knn";
  const GateResult result = sides.gated(policy);
  EXPECT_EQ(result.slices[0].rows.at(0).judgement.verdict, Verdict::missing);
  EXPECT_EQ(exit_code(result), 3);
}

TEST(GateSlices, NameADataSetOrProtocolThatIsNone) {
  TwoSides sides;
  sides.add_baseline(report_failing_class(-1));
  sides.add_candidate(report_failing_class(-1));
  EXPECT_PRED2(contains,
               error_message<std::invalid_argument>([&] { sides.gated(with_slice("fashion_mnis", {})); }),
               "slices[0].dataset; got 'fashion_mnis' (did you mean 'fashion_mnist'?)");
  GatePolicy policy = with_slice("*", {});
  policy.slices[0].protocol = "knnn";
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { sides.gated(policy); }),
               "slices[0].protocol; got 'knnn' (did you mean 'knn'?)");
}

TEST(GateSlices, HaveEachClassOnce) {
  TwoSides sides;
  sides.add_baseline(report_failing_class(-1));
  sides.add_candidate(report_failing_class(-1));
  const std::vector<ClassChoice> twice = {{"three", std::nullopt, "slices[0].classes[0]"},
                                          {"", 3, "slices[0].classes[1]"}};
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { sides.gated(with_slice("*", twice)); }),
               "each class once at slices[0].classes[1]; got 'three' again");
}

TEST(Gate, RefusesAValueThatItsOutcomesContradict) {
  TwoSides sides;
  sides.add_baseline(report_failing_class(-1));
  Record false_value = report_failing_class(3);
  sides.add_candidate(false_value);
  const std::filesystem::path file = *find_reports({sides.folder("candidate")}).begin();
  Json report = read_json(file);
  report["metrics"][0]["value"] = 0.99;
  report["sha256"] = seal_of(report);
  write_file_atomically(file, report.dump());
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { sides.gated(); }),
               "metric accuracy: expected 0.9 as its outcomes give; got 0.99");
}

TEST(GateSlices, NameAClassThatIsNoneAndItsNearest) {
  TwoSides sides;
  sides.add_baseline(report_failing_class(-1, 20));
  sides.add_candidate(report_failing_class(-1, 20));
  const auto refusal = [&](const ClassChoice& choice) {
    return error_message<std::invalid_argument>([&] { sides.gated(with_slice("*", {choice})); });
  };
  EXPECT_EQ(
      refusal({"sevn", {}, "slices[0].classes[0]"}),
      "[gate] gate.json: expected a class of fashion_mnist at slices[0].classes[0]; got 'sevn' (did you "
      "mean 'seven'?)");
  EXPECT_EQ(
      refusal({"", 10, "slices[0].classes[0]"}),
      "[gate] gate.json: expected a class with examples in fashion_mnist at slices[0].classes[0]; got label "
      "10");
}

TEST(GateSlices, RefuseANameThatStandsForSeveralClasses) {
  TwoSides sides;
  Record record = report_failing_class(-1, 20);
  record.outcomes->class_names = {"crane", "crane", "2", "3", "4", "5", "6", "7", "8", "9"};
  sides.add_baseline(record);
  sides.add_candidate(record);
  EXPECT_EQ(error_message<std::invalid_argument>([&] {
              sides.gated(with_slice("*", {{"crane", {}, "slices[0].classes[0]"}}));
            }),
            "[gate] gate.json: expected a label's number where several classes have one name at "
            "slices[0].classes[0]; got 'crane'");
}

TEST(GateSlices, RefuseClassesWhereThereAreNoOutcomes) {
  TwoSides sides;
  Record record = sample_record("MAE", "knn", 900);
  record.outcomes.reset();
  record.metrics[0].column.clear();
  sides.add_baseline(record);
  sides.add_candidate(record);
  EXPECT_EQ(
      error_message<std::invalid_argument>([&] {
        sides.gated(with_slice("*", {{"", 1, "slices[0].classes[0]"}}));
      }),
      "[gate] gate.json: expected outcomes with labels for slices[0].classes; got none in the reports of any "
      "data set");
}

}  // namespace
}  // namespace repbench
