#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "reports/metric_kinds.h"
#include "reports/statistics/intervals.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/protocols/tap_encoder.h"
#include "tests/protocols/toy_clip.h"

// What every protocol promises; a new row of protocol_kinds() is tested at once.

namespace repbench {
namespace {

/// Settings that make it quick where the defaults are not.
Json quick(const std::string& protocol) {
  if (protocol == "knn") return {{"k", {1, 20}}};
  if (protocol == "finetune")
    return {{"points", {"0", "1"}}, {"train", {{"epochs", 1}, {"batch_size", 16}, {"warmup_epochs", 0.5}}}};
  if (protocol == "throughput") return {{"repetitions", 3}, {"block_seconds", 0.01}, {"batch", 2}};
  if (protocol == "zero_shot") return {{"prompts", toy_prompts()}};
  if (protocol == "few_shot") return {{"shots", {1, 2}}, {"seeds", 2}, {"prompts", toy_prompts()}};
  if (protocol == "label_free") return {{"lidar_views", 3}};
  if (protocol == "retrieval") return {{"captions_per_picture", 1}};
  return Json::object();
}

class ProtocolContract : public testing::TestWithParam<std::string> {
 protected:
  const ProtocolKind& kind() const { return find_protocol(GetParam()); }
  Task task() const { return kind().needs != Needs::nothing ? toy_task(64, 20) : Task(); }
  bool needs_texts() const {
    return GetParam() == "zero_shot" || GetParam() == "few_shot" || GetParam() == "retrieval";
  }
  Subject subject() const {
    return needs_texts() ? tiny_clip(folder_ / "run", 0) : tiny_mae(folder_ / "run", 0);
  }
  ProtocolResult run() const { return run_protocol(GetParam(), quick(GetParam()), subject(), task()); }

  ScratchFolder folder_;
};

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const ProtocolKind& kind : protocol_kinds()) all.emplace_back(kind.name);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Kinds, ProtocolContract, testing::ValuesIn(names()),
                         [](const auto& row) { return row.param; });

TEST(ProtocolKinds, HaveDifferentNamesAndASummary) {
  std::set<std::string_view> seen;
  for (const ProtocolKind& kind : protocol_kinds()) {
    EXPECT_TRUE(seen.insert(kind.name).second) << kind.name;
    EXPECT_GT(kind.summary.size(), 10U) << kind.name;
    EXPECT_GE(kind.version, 1) << kind.name;
  }
}

TEST(ProtocolKinds, AMisspeltNameIsToldTheNearest) {
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([] { find_protocol("linear_prob"); }),
               "'linear_prob' (did you mean 'linear_probe'?)");
}

TEST_P(ProtocolContract, DescribesItsSettings) {
  const std::unique_ptr<Protocol> protocol = kind().make();
  Options fields;
  protocol->describe(fields);
  EXPECT_FALSE(fields.keys().empty());
  EXPECT_TRUE(fields.differences().empty());
  Options again;
  const std::unique_ptr<Protocol> other = kind().make();
  other->describe(again);
  again.set_all(fields.to_json(), "test");
  EXPECT_EQ(again.to_json(), fields.to_json()) << "the defaults cannot be read back";
}

TEST_P(ProtocolContract, AMisspeltSettingIsToldTheNearest) {
  const std::unique_ptr<Protocol> protocol = kind().make();
  Options fields;
  protocol->describe(fields);
  const std::string key = fields.keys().back();
  const std::string message =
      error_message<std::invalid_argument>([&] { fields.set(key + "x", Json(1), "test"); });
  EXPECT_PRED2(contains, message, "key '" + key + "x'");
  EXPECT_PRED2(contains, message, "'" + key + "'");
}

TEST_P(ProtocolContract, GivesARecordThatCanBeWrittenAndRead) {
  ProtocolResult result = run();
  Record& record = result.record;
  record.checkpoint = {{"label", "tiny"}, {"kind", "vit"}};
  record.dataset = {{"name", "toy"}};
  record.protocol = GetParam();
  write_record(folder_ / "report", record);
  const Record read = read_record(folder_ / "report" / "report.json");
  EXPECT_EQ(read.headline().name, record.headline().name);
  EXPECT_EQ(read.headline().value, record.headline().value);
  EXPECT_EQ(read_outcomes(folder_ / "report" / "report.json").has_value(), record.outcomes.has_value());
  write_sheets(folder_ / "report" / "sheet.json", result.sheets);
}

TEST_P(ProtocolContract, HasOneHeadlineWithItsUncertainty) {
  const Record record = run().record;
  int headlines = 0;
  for (const Metric& metric : record.metrics) headlines += metric.headline ? 1 : 0;
  EXPECT_EQ(headlines, 1);
  const Metric& headline = record.headline();
  EXPECT_TRUE(headline.n.has_value());
  ASSERT_TRUE(headline.interval.has_value());
  EXPECT_LE(headline.interval->low, headline.value);
  EXPECT_GE(headline.interval->high, headline.value);
}

TEST_P(ProtocolContract, EveryAccuracyKnowsItsChance) {
  for (const Metric& metric : run().record.metrics) {
    if (metric.name.find("accuracy") == std::string::npos) continue;
    ASSERT_TRUE(metric.chance.has_value()) << metric.name;
    EXPECT_GE(*metric.chance, 0.25) << metric.name;
    EXPECT_DOUBLE_EQ(metric.ceiling.value(), 1.0) << metric.name;
  }
}

TEST_P(ProtocolContract, OutcomesCoverTheTestSetOnce) {
  const Record record = run().record;
  if (!record.outcomes) return;
  for (const OutcomeTable& table : record.outcomes->tables) {
    EXPECT_EQ(table.ids.size(), 20U) << table.unit;
    EXPECT_EQ(std::set<std::string>(table.ids.begin(), table.ids.end()).size(), 20U) << table.unit;
  }
  EXPECT_EQ(record.headline().n.value() % 20, 0) << "once, or once a draw";
}

TEST_P(ProtocolContract, EveryMetricOfExamplesIsWhatItsColumnGives) {
  const Record record = run().record;
  for (const Metric& metric : record.metrics) {
    const MetricKind& defined = find_metric_kind(metric.name);
    check_metric(metric, metric.name);
    ASSERT_EQ(metric.column.empty(), defined.aggregate == Aggregate::none) << metric.name;
    if (metric.column.empty()) continue;
    ASSERT_TRUE(record.outcomes.has_value()) << metric.name;
    const OutcomeTable* table = record.outcomes->table_of(metric.column);
    ASSERT_NE(table, nullptr) << metric.name;
    EXPECT_NEAR(aggregate_outcomes(metric, *table), metric.value, 1e-9) << metric.name;
  }
}

TEST_P(ProtocolContract, RepetitionsAverageToTheirMetric) {
  for (const Metric& metric : run().record.metrics) {
    const MetricKind& defined = find_metric_kind(metric.name);
    const bool repeated = defined.denominator == "timed blocks" || defined.name == "accuracy_{}_shot";
    ASSERT_EQ(metric.repetitions.has_value(), repeated) << metric.name;
    if (!repeated) continue;
    const MeanAndDeviation mean = mean_and_deviation(metric.repetitions->values);
    EXPECT_NEAR(mean.mean, metric.value, 1e-9 * std::max(1.0, metric.value)) << metric.name;
  }
}

TEST_P(ProtocolContract, MeasuresInTurnsOrRefuses) {
  const std::unique_ptr<Protocol> protocol = kind().make();
  Options fields;
  protocol->describe(fields);
  fields.set_all(quick(GetParam()), "test");
  const std::vector<Subject> two = {subject(), tiny_vit()};
  if (kind().in_turns) {
    EXPECT_EQ(protocol->run_in_turns(two, task(), {}).size(), 2U);
  } else {
    EXPECT_EQ(error_message<std::invalid_argument>([&] { protocol->run_in_turns(two, task(), {}); }),
              "[protocols] expected a protocol that measures encoders in turns (throughput); got another for "
              "2 encoders");
  }
}

TEST_P(ProtocolContract, AgreesWithItselfAtBothPrecisions) {
  if (GetParam() == "throughput") GTEST_SKIP() << "measures time";
  for (const Precision precision : {Precision::fp32, Precision::bf16}) {
    ProtocolContext context;
    context.execution.precision = precision;
    const auto judged = [&] {
      return comparable(run_protocol(GetParam(), quick(GetParam()), subject(), task(), context).record,
                        GetParam());
    };
    EXPECT_EQ(judged(), judged());
  }
}

TEST_P(ProtocolContract, LeavesTheSubjectAlone) {
  const Subject judged = subject();
  run_protocol(GetParam(), quick(GetParam()), judged, task());
  EXPECT_EQ(hash_of(judged.encoder->parameters()), judged.sha256);
  EXPECT_EQ(load_encoder(judged.checkpoint).sha256, judged.sha256);
}

}  // namespace
}  // namespace repbench
